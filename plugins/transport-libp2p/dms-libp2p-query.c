/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-libp2p-query.h"

#include <string.h>

#include "kad/dms-p2p-kad-advertisement.h"
#include "wire/dms-p2p-cid.h"

enum
{
  /* Whose words are asked for. Ours. */
  DMS_LIBP2P_QUERY_MAX_PROVIDERS = 20,
};

typedef struct
{
  GTask *task;
  char *name;
  guint n_pending;
  gint64 newest_s;
  GBytes *newest;
} DmsLibp2pQuery;

static void
dms_libp2p_query_clear (gpointer data)
{
  DmsLibp2pQuery *self = data;

  g_clear_pointer (&self->newest, g_bytes_unref);
  g_clear_pointer (&self->name, g_free);
  g_clear_object (&self->task);
}

static void
dms_libp2p_query_unref (DmsLibp2pQuery *self)
{
  g_rc_box_release_full (self, dms_libp2p_query_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pQuery, dms_libp2p_query_unref)

GBytes *
dms_libp2p_query_make_multihash (const char *name)
{
  g_autoptr (DmsP2pCid) cid = dms_p2p_cid_new_for_data (name, strlen (name));

  return g_bytes_ref (dms_p2p_cid_get_multihash (cid));
}

static void
dms_libp2p_query_end (DmsLibp2pQuery *self)
{
  if (self->newest != NULL)
    g_task_return_pointer (self->task, g_bytes_ref (self->newest), (GDestroyNotify) g_bytes_unref);
  else
    g_task_return_new_error (
        self->task, DMS_ERROR, DMS_ERROR_NOT_FOUND, "nobody advertises anything under “%s”", self->name);
}

static void
dms_libp2p_query_take (DmsLibp2pQuery *self, GBytes *value)
{
  g_autoptr (DmsP2pKadAdvertisement) advertisement = dms_p2p_kad_advertisement_read (value, NULL);

  if (advertisement == NULL || (self->newest != NULL && advertisement->timestamp_s <= self->newest_s))
    return;
  g_clear_pointer (&self->newest, g_bytes_unref);
  self->newest = g_bytes_ref (advertisement->data);
  self->newest_s = advertisement->timestamp_s;
}

static void
dms_libp2p_query_on_got (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsLibp2pQuery) self = user_data;
  g_autoptr (GBytes) value = dms_p2p_dht_get_value_finish (DMS_P2P_DHT (source), result, NULL);

  if (value != NULL)
    dms_libp2p_query_take (self, value);
  if (--self->n_pending == 0)
    dms_libp2p_query_end (self);
}

static void
dms_libp2p_query_on_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsLibp2pQuery) self = user_data;
  GError *error = NULL;
  g_autoptr (GPtrArray) peers = dms_p2p_dht_find_providers_finish (DMS_P2P_DHT (source), result, &error);

  if (peers == NULL)
    {
      g_task_return_error (self->task, error);
      return;
    }
  self->n_pending = peers->len;
  if (peers->len == 0)
    dms_libp2p_query_end (self);
  for (guint i = 0; i < peers->len; i++)
    {
      g_autoptr (GBytes) key = dms_p2p_kad_advertisement_make_key (
          self->name, dms_p2p_kad_peer_get_id (g_ptr_array_index (peers, i)));

      dms_p2p_dht_get_value_async (DMS_P2P_DHT (source),
                                   key,
                                   g_task_get_cancellable (self->task),
                                   dms_libp2p_query_on_got,
                                   g_rc_box_acquire (self));
    }
}

void
dms_libp2p_query_start (DmsP2pDht *dht, const char *name, GTask *task)
{
  DmsLibp2pQuery *self = g_rc_box_new0 (DmsLibp2pQuery);
  g_autoptr (GBytes) multihash = dms_libp2p_query_make_multihash (name);

  self->task = g_object_ref (task);
  self->name = g_strdup (name);
  dms_p2p_dht_find_providers_async (dht,
                                    multihash,
                                    DMS_LIBP2P_QUERY_MAX_PROVIDERS,
                                    g_task_get_cancellable (task),
                                    dms_libp2p_query_on_found,
                                    self);
}
