/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-openpgp-signature.h"

#include <dms.h>
#include <string.h>

#include "identity/dms-openpgp-reader.h"
#include "identity/dms-signature.h"

/* What a program may write, its unhashed part included. */
#define MAX_PROGRAM_SIZE 4096
#define TAG_SIGNATURE 2
#define VERSION 4
#define TYPE_BINARY 0x00
#define ALGORITHM_EDDSA 22
/* Version, type, algorithm, hash, and the length of the hashed subpackets. */
#define FIXED_SIZE 6
#define SCALAR_SIZE 32

enum
{
  SUBPACKET_CREATION_TIME = 2,
  SUBPACKET_EXPIRATION_TIME = 3,
  SUBPACKET_ISSUER = 16,
  SUBPACKET_NOTATION = 20,
  SUBPACKET_ISSUER_FINGERPRINT = 33,
};

struct _DmsOpenpgpSignature
{
  /* From the version to the last hashed subpacket. */
  GBytes *hashed;
  guint8 hash;
  guint8 left[2];
  guint8 signature[2 * SCALAR_SIZE];
};

G_DEFINE_BOXED_TYPE (DmsOpenpgpSignature, dms_openpgp_signature, dms_openpgp_signature_ref,
                     dms_openpgp_signature_unref)

DmsOpenpgpSignature *
dms_openpgp_signature_ref (DmsOpenpgpSignature *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_signature (gpointer data)
{
  g_clear_pointer (&((DmsOpenpgpSignature *) data)->hashed, g_bytes_unref);
}

void
dms_openpgp_signature_unref (DmsOpenpgpSignature *self)
{
  g_atomic_rc_box_release_full (self, clear_signature);
}

/* FALSE for a hash that is not taken. */
static gboolean
find_hash (guint8 id, GChecksumType *type)
{
  static const GChecksumType types[] = { G_CHECKSUM_SHA256, G_CHECKSUM_SHA384, G_CHECKSUM_SHA512 };

  if (id < 8 || id > 10)
    return FALSE;
  *type = types[id - 8];
  return TRUE;
}

/* What is wrong with a notation; NULL when nothing is. Sets @ours when it is the one of tokens. */
static const char *
check_notation (DmsOpenpgpReader body, gboolean critical, gboolean *ours)
{
  static const char name[] = DMS_OPENPGP_SIGNATURE_NOTATION;
  const guint8 *text;
  guint16 name_size, value_size;

  if (!dms_openpgp_reader_take (&body, 4, &text) || !dms_openpgp_reader_take_uint16 (&body, &name_size)
      || !dms_openpgp_reader_take_uint16 (&body, &value_size) || body.left != (gsize) name_size + value_size)
    return "a notation is malformed";
  *ours = name_size == strlen (name) && memcmp (body.data, name, name_size) == 0;
  if (*ours && (value_size != 1 || body.data[name_size] != '1'))
    return "the notation of a token has another value";
  return critical && !*ours ? "it depends on a notation that is not known here" : NULL;
}

/* What is wrong with a subpacket; NULL when nothing is. Counts the two that must be there once. */
static const char *
check_subpacket (guint8 type, DmsOpenpgpReader body, guint *times, guint *notations)
{
  gboolean critical = (type & 0x80) != 0;
  gboolean ours = FALSE;
  const char *fault;

  switch (type & 0x7f)
    {
    case SUBPACKET_CREATION_TIME:
      (*times)++;
      return body.left != 4 ? "its time is malformed" : NULL;
    case SUBPACKET_EXPIRATION_TIME:
      return "it has an expiry of its own; a token says itself when it ends";
    case SUBPACKET_ISSUER:
      return body.left != 8 ? "the ID of its key is malformed" : NULL;
    case SUBPACKET_ISSUER_FINGERPRINT:
      return body.left != 21 || body.data[0] != VERSION ? "the fingerprint of its key is malformed" : NULL;
    case SUBPACKET_NOTATION:
      fault = check_notation (body, critical, &ours);
      if (ours)
        (*notations)++;
      return fault;
    default:
      return critical ? "it depends on a subpacket that is not known here" : NULL;
    }
}

static const char *
check_subpackets (DmsOpenpgpReader area)
{
  guint times = 0;
  guint notations = 0;
  DmsOpenpgpReader body;
  guint8 type;

  while (area.left > 0)
    {
      const char *fault = "its subpackets are malformed";

      if (dms_openpgp_reader_take_subpacket (&area, &type, &body))
        fault = check_subpacket (type, body, &times, &notations);
      if (fault != NULL)
        return fault;
    }
  if (times != 1)
    return "it does not say once when it was made";
  return notations != 1 ? "it was not made for a token" : NULL;
}

/* The part that is hashed. */
static const char *
read_hashed (DmsOpenpgpSignature *self, DmsOpenpgpReader *body)
{
  const guint8 *start = body->data;
  DmsOpenpgpReader area;
  const guint8 *fixed;
  guint16 size;
  GChecksumType hash;

  if (!dms_openpgp_reader_take (body, 4, &fixed) || !dms_openpgp_reader_take_uint16 (body, &size))
    return "it is cut short";
  if (fixed[0] != VERSION)
    return "only version 4 is supported";
  if (fixed[1] != TYPE_BINARY)
    return "it is not one of binary data";
  if (fixed[2] != ALGORITHM_EDDSA)
    return "only Ed25519 (EdDSA, algorithm 22) is supported";
  if (!find_hash (fixed[3], &hash))
    return "only SHA-256, SHA-384 and SHA-512 are supported";
  area.left = size;
  if (!dms_openpgp_reader_take (body, size, &area.data))
    return "it is cut short";
  self->hash = fixed[3];
  self->hashed = g_bytes_new (start, FIXED_SIZE + area.left);
  return check_subpackets (area);
}

/* What is wrong with the bytes; NULL when nothing is. */
static const char *
read_signature (DmsOpenpgpSignature *self, DmsOpenpgpReader packets)
{
  DmsOpenpgpReader body;
  const guint8 *ignored;
  const guint8 *left;
  const char *fault;
  guint16 size;
  guint8 tag;

  if (!dms_openpgp_reader_take_packet (&packets, &tag, &body) || tag != TAG_SIGNATURE)
    return "it is not a signature packet";
  if (packets.left > 0)
    return "something follows it";
  fault = read_hashed (self, &body);
  if (fault != NULL)
    return fault;
  if (!dms_openpgp_reader_take_uint16 (&body, &size) || !dms_openpgp_reader_take (&body, size, &ignored)
      || !dms_openpgp_reader_take (&body, sizeof self->left, &left))
    return "it is cut short";
  memcpy (self->left, left, sizeof self->left);
  if (!dms_openpgp_reader_take_mpi (&body, self->signature, SCALAR_SIZE)
      || !dms_openpgp_reader_take_mpi (&body, self->signature + SCALAR_SIZE, SCALAR_SIZE) || body.left > 0)
    return "its numbers are malformed";
  return NULL;
}

static DmsOpenpgpSignature *
report (const char *fault, GError **error)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "cannot use this OpenPGP signature: %s", fault);
  return NULL;
}

/**
 * dms_openpgp_signature_new_from_program:
 * @data: the signature packet and nothing else, at most 4,096 bytes
 *
 * Returns: (transfer full): the signature, or NULL with DMS_ERROR_INVALID_DATA
 */
DmsOpenpgpSignature *
dms_openpgp_signature_new_from_program (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (DmsOpenpgpSignature) self = NULL;
  g_autoptr (GBytes) bytes = NULL;
  const char *fault;

  if (size > MAX_PROGRAM_SIZE)
    return report ("it is too long", error);
  self = g_atomic_rc_box_new0 (DmsOpenpgpSignature);
  fault = read_signature (self, (DmsOpenpgpReader) { data, size });
  if (fault != NULL)
    return report (fault, error);
  bytes = dms_openpgp_signature_to_bytes (self);
  if (g_bytes_get_size (bytes) > DMS_OPENPGP_SIGNATURE_MAX_SIZE)
    return report ("it is too long", error);
  return g_steal_pointer (&self);
}

/**
 * dms_openpgp_signature_new_from_data:
 * @data: what a token carries
 *
 * Takes one form of bytes only, so that nothing in it can be changed without breaking it.
 *
 * Returns: (transfer full): the signature, or NULL with DMS_ERROR_INVALID_DATA
 */
DmsOpenpgpSignature *
dms_openpgp_signature_new_from_data (const guint8 *data, gsize size, GError **error)
{
  g_autoptr (DmsOpenpgpSignature) self = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (size > DMS_OPENPGP_SIGNATURE_MAX_SIZE)
    return report ("it is too long", error);
  self = dms_openpgp_signature_new_from_program (data, size, error);
  if (self == NULL)
    return NULL;
  bytes = dms_openpgp_signature_to_bytes (self);
  if (g_bytes_get_size (bytes) == size && memcmp (g_bytes_get_data (bytes, NULL), data, size) == 0)
    return g_steal_pointer (&self);
  return report ("it is not in its one canonical form", error);
}

static void
append_uint16 (GByteArray *to, gsize number)
{
  guint8 bytes[] = { (guint8) (number >> 8), (guint8) number };

  g_byte_array_append (to, bytes, sizeof bytes);
}

static void
append_mpi (GByteArray *to, const guint8 *bytes)
{
  gsize skip = 0;
  gsize size;

  while (skip < SCALAR_SIZE && bytes[skip] == 0)
    skip++;
  size = SCALAR_SIZE - skip;
  append_uint16 (to, size == 0 ? 0 : size * 8 - 8 + g_bit_storage (bytes[skip]));
  g_byte_array_append (to, bytes + skip, (guint) size);
}

/* The shortest length of the new form (section 4.2.2); the body is never of more than 8,383 bytes. */
static void
append_length (GByteArray *to, gsize length)
{
  guint8 small = (guint8) length;

  if (length < 192)
    g_byte_array_append (to, &small, 1);
  else
    append_uint16 (to, length - 192 + (192 << 8));
}

/**
 * dms_openpgp_signature_to_bytes:
 *
 * Returns: (transfer full): the packet: a header of the new form with the shortest length, no unhashed
 *   subpackets, and the shortest numbers
 */
GBytes *
dms_openpgp_signature_to_bytes (DmsOpenpgpSignature *self)
{
  static const guint8 header = 0xc0 | TAG_SIGNATURE;
  g_autoptr (GByteArray) body = g_byte_array_new ();
  GByteArray *packet = g_byte_array_new ();

  g_byte_array_append (body, g_bytes_get_data (self->hashed, NULL), (guint) g_bytes_get_size (self->hashed));
  append_uint16 (body, 0);
  g_byte_array_append (body, self->left, sizeof self->left);
  append_mpi (body, self->signature);
  append_mpi (body, self->signature + SCALAR_SIZE);

  g_byte_array_append (packet, &header, 1);
  append_length (packet, body->len);
  g_byte_array_append (packet, body->data, body->len);
  return g_byte_array_free_to_bytes (packet);
}

/**
 * dms_openpgp_signature_verify:
 *
 * Hashes the data and the hashed part with its trailer (RFC 4880 section 5.2.4), and checks the Ed25519
 * signature of that digest as strictly as any other.
 */
gboolean
dms_openpgp_signature_verify (DmsOpenpgpSignature *self, const guint8 public_key[32], const void *data,
                              gsize size)
{
  gsize hashed_size;
  const guint8 *hashed = g_bytes_get_data (self->hashed, &hashed_size);
  guint8 trailer[] = { VERSION, 0xff, 0, 0, (guint8) (hashed_size >> 8), (guint8) hashed_size };
  g_autoptr (GChecksum) checksum = NULL;
  guint8 digest[64];
  gsize digest_size = sizeof digest;
  GChecksumType hash;

  if (!find_hash (self->hash, &hash))
    return FALSE;
  checksum = g_checksum_new (hash);
  g_checksum_update (checksum, data, (gssize) size);
  g_checksum_update (checksum, hashed, (gssize) hashed_size);
  g_checksum_update (checksum, trailer, sizeof trailer);
  g_checksum_get_digest (checksum, digest, &digest_size);
  return memcmp (digest, self->left, sizeof self->left) == 0
         && dms_signature_verify (public_key, digest, digest_size, self->signature, sizeof self->signature);
}
