/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-openpgp-key.h"

#include <dms.h>
#include <string.h>

#include "identity/dms-openpgp-reader.h"

#define TAG_PUBLIC_KEY 6
#define TAG_PUBLIC_SUBKEY 14
#define VERSION 4
#define ALGORITHM_EDDSA 22
/* 0x40 and the 32 bytes of RFC 8032. */
#define POINT_SIZE 33

/* 1.3.6.1.4.1.11591.15.1, the curve Ed25519. */
static const guint8 curve_ed25519[] = { 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01 };

/* RFC 4880 section 12.2; upper case. */
static char *
compute_fingerprint (DmsOpenpgpReader body)
{
  guint8 head[] = { 0x99, (guint8) (body.left >> 8), (guint8) body.left };
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);

  g_checksum_update (checksum, head, sizeof head);
  g_checksum_update (checksum, body.data, (gssize) body.left);
  return g_ascii_strup (g_checksum_get_string (checksum), -1);
}

/* Version 4, four bytes of time, the algorithm, the curve and the point. */
static gboolean
read_point (DmsOpenpgpReader body, guint8 public_key[32])
{
  const guint8 *fixed;
  const guint8 *curve;
  guint8 size;
  guint8 point[POINT_SIZE];

  if (!dms_openpgp_reader_take (&body, 6, &fixed) || fixed[0] != VERSION || fixed[5] != ALGORITHM_EDDSA
      || !dms_openpgp_reader_take_uint8 (&body, &size) || size != sizeof curve_ed25519
      || !dms_openpgp_reader_take (&body, size, &curve) || memcmp (curve, curve_ed25519, size) != 0
      || !dms_openpgp_reader_take_mpi (&body, point, sizeof point) || point[0] != 0x40 || body.left > 0)
    return FALSE;
  memcpy (public_key, point + 1, POINT_SIZE - 1);
  return TRUE;
}

static gboolean
is_wanted (guint8 tag, DmsOpenpgpReader body, const char *fingerprint)
{
  g_autofree char *own = NULL;

  if ((tag != TAG_PUBLIC_KEY && tag != TAG_PUBLIC_SUBKEY) || body.left > G_MAXUINT16)
    return FALSE;
  own = compute_fingerprint (body);
  return g_ascii_strcasecmp (own, fingerprint) == 0;
}

/**
 * dms_openpgp_key_find_ed25519:
 *
 * Returns: whether @public_key is set; else DMS_ERROR_NOT_FOUND, DMS_ERROR_NOT_SUPPORTED for another kind of
 *   key, or DMS_ERROR_INVALID_DATA
 */
gboolean
dms_openpgp_key_find_ed25519 (const guint8 *data, gsize size, const char *fingerprint, guint8 public_key[32],
                              GError **error)
{
  DmsOpenpgpReader packets = { data, size };
  DmsOpenpgpReader body;
  guint8 tag;

  if (size > DMS_OPENPGP_KEY_MAX_SIZE)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_TOO_LARGE,
                   "cannot use the OpenPGP key %s: it has more than %d bytes", fingerprint,
                   DMS_OPENPGP_KEY_MAX_SIZE);
      return FALSE;
    }
  while (dms_openpgp_reader_take_packet (&packets, &tag, &body))
    {
      if (!is_wanted (tag, body, fingerprint))
        continue;
      if (read_point (body, public_key))
        return TRUE;
      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED,
                   "the OpenPGP key %s is not an Ed25519 key of version 4 (EdDSA, algorithm "
                   "22)", fingerprint);
      return FALSE;
    }
  g_set_error (error, DMS_ERROR, packets.left > 0 ? DMS_ERROR_INVALID_DATA : DMS_ERROR_NOT_FOUND,
               "the exported OpenPGP key %s", packets.left > 0 ? "is malformed" : "is not the one asked for");
  return FALSE;
}
