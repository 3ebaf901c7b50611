/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "tls/dms-p2p-certificate-memory.h"

#include <sodium.h>
#include <string.h>

#include "tls/dms-p2p-certificate-private.h"

typedef struct
{
  guint8 digest[crypto_hash_sha256_BYTES];
  DmsP2pPublicKey *key;
  gint64 from_s;
  gint64 to_s;
  /* In the order of use. */
  GList link;
} DmsP2pKnownCertificate;

struct _DmsP2pCertificateMemory
{
  /* DmsP2pKnownCertificate, each its own key. */
  GHashTable *known;
  /* The one seen last at the head. */
  GQueue order;
  guint max;
  guint64 hits;
};

/* Nobody finds two certificates of one digest; who looks for digests that share their first bytes makes a
 * table of 256 slow at most. */
static guint
dms_p2p_known_certificate_hash (gconstpointer data)
{
  const DmsP2pKnownCertificate *self = data;
  guint hash = 0;

  memcpy (&hash, self->digest, sizeof hash);
  return hash;
}

static gboolean
dms_p2p_known_certificate_equal (gconstpointer a, gconstpointer b)
{
  const DmsP2pKnownCertificate *left = a;
  const DmsP2pKnownCertificate *right = b;

  return memcmp (left->digest, right->digest, sizeof left->digest) == 0;
}

static void
dms_p2p_known_certificate_free (gpointer data)
{
  DmsP2pKnownCertificate *self = data;

  dms_p2p_public_key_unref (self->key);
  g_free (self);
}

DmsP2pCertificateMemory *
dms_p2p_certificate_memory_new (void)
{
  DmsP2pCertificateMemory *self = g_new0 (DmsP2pCertificateMemory, 1);

  self->known = g_hash_table_new_full (
      dms_p2p_known_certificate_hash, dms_p2p_known_certificate_equal, NULL, dms_p2p_known_certificate_free);
  self->max = DMS_P2P_CERTIFICATE_MEMORY;
  return self;
}

void
dms_p2p_certificate_memory_free (DmsP2pCertificateMemory *self)
{
  g_hash_table_unref (self->known);
  g_free (self);
}

static void
dms_p2p_certificate_memory_forget (DmsP2pCertificateMemory *self, DmsP2pKnownCertificate *known)
{
  g_queue_unlink (&self->order, &known->link);
  g_hash_table_remove (self->known, known);
}

void
dms_p2p_certificate_memory_set_max (DmsP2pCertificateMemory *self, guint max)
{
  self->max = max;
  while (self->order.length > max)
    dms_p2p_certificate_memory_forget (self, self->order.tail->data);
}

static void
dms_p2p_certificate_memory_keep (DmsP2pCertificateMemory *self, const DmsP2pKnownCertificate *found)
{
  DmsP2pKnownCertificate *entry = g_memdup2 (found, sizeof *found);

  entry->link = (GList){ .data = entry };
  g_queue_push_head_link (&self->order, &entry->link);
  g_hash_table_add (self->known, entry);
  dms_p2p_certificate_memory_set_max (self, self->max);
}

/**
 * dms_p2p_certificate_memory_verify:
 * @self: what is remembered
 * @der: (array length=size): the certificate
 * @size: its size
 * @now_s: the time, in seconds since the epoch
 * @error: return location for a #DmsError
 *
 * Only what was found good is remembered, by the SHA-256 of all of its bytes.
 *
 * Returns: (transfer full) (nullable): the host key that it proves
 */
DmsP2pPublicKey *
dms_p2p_certificate_memory_verify (DmsP2pCertificateMemory *self,
                                   const guint8 *der,
                                   gsize size,
                                   gint64 now_s,
                                   GError **error)
{
  DmsP2pKnownCertificate wanted = { .key = NULL };
  DmsP2pKnownCertificate *known = NULL;

  if (size > DMS_P2P_CERTIFICATE_MAX_SIZE)
    return dms_p2p_certificate_verify (der, size, now_s, error);
  crypto_hash_sha256 (wanted.digest, der, size);
  known = g_hash_table_lookup (self->known, &wanted);
  if (known != NULL && now_s >= known->from_s && now_s <= known->to_s)
    {
      self->hits++;
      g_queue_unlink (&self->order, &known->link);
      g_queue_push_head_link (&self->order, &known->link);
      return dms_p2p_public_key_ref (known->key);
    }
  if (known != NULL)
    dms_p2p_certificate_memory_forget (self, known);
  wanted.key = dms_p2p_certificate_verify_dated (der, size, now_s, &wanted.from_s, &wanted.to_s, error);
  if (wanted.key == NULL)
    return NULL;
  dms_p2p_public_key_ref (wanted.key);
  dms_p2p_certificate_memory_keep (self, &wanted);
  return wanted.key;
}

guint
dms_p2p_certificate_memory_get_size (DmsP2pCertificateMemory *self)
{
  return self->order.length;
}

guint64
dms_p2p_certificate_memory_get_hits (DmsP2pCertificateMemory *self)
{
  return self->hits;
}
