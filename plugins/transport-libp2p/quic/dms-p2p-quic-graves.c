/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "quic/dms-p2p-quic-graves.h"

#include "quic/dms-p2p-quic-cid.h"
#include "quic/dms-p2p-quic-clock.h"

/* Each is less than 1 KB. */
#define DMS_P2P_QUIC_MAX_GRAVES 1024

typedef struct
{
  GBytes *packet;
  ngtcp2_tstamp until;
  guint n_visits;
  gsize n_ids;
  ngtcp2_cid ids[];
} DmsP2pQuicGrave;

struct _DmsP2pQuicGraves
{
  GHashTable *by_id;
  GQueue oldest;
};

static void
dms_p2p_quic_grave_free (DmsP2pQuicGrave *grave)
{
  g_clear_pointer (&grave->packet, g_bytes_unref);
  g_free (grave);
}

DmsP2pQuicGraves *
dms_p2p_quic_graves_new (void)
{
  DmsP2pQuicGraves *self = g_new0 (DmsP2pQuicGraves, 1);

  self->by_id = g_hash_table_new (dms_p2p_quic_cid_hash, dms_p2p_quic_cid_equal);
  g_queue_init (&self->oldest);
  return self;
}

void
dms_p2p_quic_graves_free (DmsP2pQuicGraves *self)
{
  g_hash_table_unref (self->by_id);
  g_queue_clear_full (&self->oldest, (GDestroyNotify) dms_p2p_quic_grave_free);
  g_free (self);
}

static void
dms_p2p_quic_graves_pop (DmsP2pQuicGraves *self)
{
  DmsP2pQuicGrave *grave = g_queue_pop_head (&self->oldest);

  for (gsize i = 0; i < grave->n_ids; i++)
    if (g_hash_table_lookup (self->by_id, &grave->ids[i]) == grave)
      g_hash_table_remove (self->by_id, &grave->ids[i]);
  dms_p2p_quic_grave_free (grave);
}

static void
dms_p2p_quic_graves_clean (DmsP2pQuicGraves *self)
{
  ngtcp2_tstamp now = dms_p2p_quic_clock ();

  while (!g_queue_is_empty (&self->oldest) &&
         (((DmsP2pQuicGrave *) g_queue_peek_head (&self->oldest))->until <= now ||
          g_queue_get_length (&self->oldest) > DMS_P2P_QUIC_MAX_GRAVES))
    dms_p2p_quic_graves_pop (self);
}

void
dms_p2p_quic_graves_bury (DmsP2pQuicGraves *self,
                          const ngtcp2_cid *ids,
                          gsize n_ids,
                          GBytes *packet,
                          ngtcp2_tstamp until)
{
  DmsP2pQuicGrave *grave = g_malloc0 (sizeof (DmsP2pQuicGrave) + n_ids * sizeof (ngtcp2_cid));

  grave->packet = packet != NULL ? g_bytes_ref (packet) : NULL;
  grave->until = until;
  grave->n_ids = n_ids;
  for (gsize i = 0; i < n_ids; i++)
    {
      grave->ids[i] = ids[i];
      /* The key is within the value: it must change with it. */
      g_hash_table_replace (self->by_id, &grave->ids[i], grave);
    }
  g_queue_push_tail (&self->oldest, grave);
  dms_p2p_quic_graves_clean (self);
}

gboolean
dms_p2p_quic_graves_visit (DmsP2pQuicGraves *self, const ngtcp2_cid *id, GBytes **answer)
{
  DmsP2pQuicGrave *grave = NULL;

  *answer = NULL;
  dms_p2p_quic_graves_clean (self);
  grave = g_hash_table_lookup (self->by_id, id);
  if (grave == NULL)
    return FALSE;
  grave->n_visits++;
  if (grave->packet != NULL && (grave->n_visits & (grave->n_visits - 1)) == 0)
    *answer = g_bytes_ref (grave->packet);
  return TRUE;
}
