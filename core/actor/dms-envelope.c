/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-envelope.h"

#include <sodium.h>
#include <string.h>

#include "identity/dms-signature.h"

#define SIGNED_PREFIX "dms:msg:"

/* Where the base64 of a member stands in what the message was read from; it is the one an encoder writes. */
typedef struct
{
  gsize at;
  gsize length;
} Place;

struct _DmsEnvelope
{
  DmsHandle *to;
  char *behaviour;
  DmsHandle *from;
  guint64 nonce;
  guint64 expiry_ns;
  char *reply_behaviour;
  char *topic;
  GBytes *payload;
  GBytes *capability;
  GBytes *signature;
  GObject *authority;
  /* Of Verdict; atomic. */
  gint verdict;
  /* (nullable): what it was read from, until its signature is computed; atomic. */
  GBytes *wire;
  Place payload_text;
  Place capability_text;
  /* (nullable): as it goes onto the wire, if it was signed here. */
  GBytes *sealed;
};

/* On the signature, which is computed once. */
typedef enum
{
  VERDICT_NONE,
  VERDICT_GOOD,
  VERDICT_BAD,
} Verdict;

G_DEFINE_BOXED_TYPE (DmsEnvelope, dms_envelope, dms_envelope_ref, dms_envelope_unref)

DmsEnvelope *
dms_envelope_ref (DmsEnvelope *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_envelope (gpointer data)
{
  DmsEnvelope *self = data;

  g_clear_pointer (&self->to, dms_handle_unref);
  g_clear_pointer (&self->from, dms_handle_unref);
  g_clear_pointer (&self->payload, g_bytes_unref);
  g_clear_pointer (&self->capability, g_bytes_unref);
  g_clear_pointer (&self->signature, g_bytes_unref);
  g_clear_pointer (&self->wire, g_bytes_unref);
  g_clear_pointer (&self->sealed, g_bytes_unref);
  g_clear_object (&self->authority);
  g_free (self->behaviour);
  g_free (self->reply_behaviour);
  g_free (self->topic);
}

void
dms_envelope_unref (DmsEnvelope *self)
{
  g_atomic_rc_box_release_full (self, clear_envelope);
}

static void
read_options (DmsWireReader *reader, DmsEnvelope *self)
{
  static const char * const names[] = { "exp", "cont", "topic", NULL };
  int name;

  if (!dms_wire_reader_enter_object (reader))
    return;
  while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
    {
      if (name == 0)
        self->expiry_ns = dms_wire_reader_read_uint64 (reader);
      else if (name == 1)
        self->reply_behaviour = dms_wire_reader_read_string (reader);
      else
        self->topic = dms_wire_reader_read_string (reader);
    }
}

static GBytes *
read_bytes (DmsWireReader *reader, Place *place)
{
  return dms_wire_reader_read_bytes_at (reader, &place->at, &place->length);
}

static void
read_member (DmsWireReader *reader, DmsEnvelope *self, int name)
{
  switch (name)
    {
    case 0:
      self->to = dms_handle_read (reader);
      break;
    case 1:
      self->behaviour = dms_wire_reader_read_string (reader);
      break;
    case 2:
      self->from = dms_handle_read (reader);
      break;
    case 3:
      self->nonce = dms_wire_reader_read_uint64 (reader);
      break;
    case 4:
      read_options (reader, self);
      break;
    case 5:
      self->payload = read_bytes (reader, &self->payload_text);
      break;
    case 6:
      self->capability = read_bytes (reader, &self->capability_text);
      break;
    default:
      self->signature = dms_wire_reader_read_bytes (reader);
      break;
    }
}

static char *
or_empty (char *text)
{
  return text != NULL ? text : g_strdup ("");
}

static void
fill_gaps (DmsEnvelope *self)
{
  if (self->to == NULL)
    self->to = dms_handle_new_empty ();
  if (self->from == NULL)
    self->from = dms_handle_new_empty ();
  self->behaviour = or_empty (self->behaviour);
  self->reply_behaviour = or_empty (self->reply_behaviour);
  self->topic = or_empty (self->topic);
}

/**
 * dms_envelope_new_from_data:
 *
 * Returns: (transfer full): the message, or NULL with DMS_ERROR_INVALID_DATA or DMS_ERROR_TOO_LARGE
 */
DmsEnvelope *
dms_envelope_new_from_data (const char *data, gsize size, GError **error)
{
  static const char * const names[] = { "to", "be", "from", "nonce", "opt", "msg", "cap", "sig", NULL };
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (data, size, DMS_ENVELOPE_MAX_SIZE, "message");
  g_autoptr (DmsEnvelope) self = g_atomic_rc_box_new0 (DmsEnvelope);
  int name;

  if (dms_wire_reader_is_null (reader))
    dms_wire_reader_fail (reader, "there is none");
  if (dms_wire_reader_enter_object (reader))
    while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
      read_member (reader, self, name);
  fill_gaps (self);
  return dms_wire_reader_finish (reader, error) ? g_steal_pointer (&self) : NULL;
}

DmsEnvelope *
dms_envelope_new_from_bytes (GBytes *bytes, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  DmsEnvelope *self = dms_envelope_new_from_data (data, size, error);

  if (self != NULL)
    self->wire = g_bytes_ref (bytes);
  return self;
}

/* @wire: (nullable): what the message was read from, whose base64 is copied rather than made again. */
static void
write_bytes (DmsWireWriter *writer, const char *name, GBytes *bytes, GBytes *wire, const Place *place)
{
  const char *text = wire != NULL ? g_bytes_get_data (wire, NULL) : NULL;

  if (text != NULL && place->length > 0)
    dms_wire_writer_add_base64 (writer, name, text + place->at, place->length);
  else
    dms_wire_writer_add_bytes (writer, name, bytes);
}

/* The members in the order and with the omissions of types.md section 1. */
static void
write_envelope (DmsEnvelope *self, DmsWireWriter *writer, GBytes *wire, gboolean with_signature)
{
  dms_wire_writer_begin_object (writer, NULL);
  dms_handle_write (self->to, writer, "to");
  dms_wire_writer_add_string (writer, "be", self->behaviour);
  dms_handle_write (self->from, writer, "from");
  dms_wire_writer_add_uint64 (writer, "nonce", self->nonce);
  dms_wire_writer_begin_object (writer, "opt");
  dms_wire_writer_add_uint64 (writer, "exp", self->expiry_ns);
  if (*self->reply_behaviour != '\0')
    dms_wire_writer_add_string (writer, "cont", self->reply_behaviour);
  if (*self->topic != '\0')
    dms_wire_writer_add_string (writer, "topic", self->topic);
  dms_wire_writer_end_object (writer);
  write_bytes (writer, "msg", self->payload, wire, &self->payload_text);
  if (self->capability != NULL && g_bytes_get_size (self->capability) > 0)
    write_bytes (writer, "cap", self->capability, wire, &self->capability_text);
  if (with_signature && self->signature != NULL && g_bytes_get_size (self->signature) > 0)
    dms_wire_writer_add_bytes (writer, "sig", self->signature);
  dms_wire_writer_end_object (writer);
}

GBytes *
dms_envelope_to_bytes (DmsEnvelope *self)
{
  g_autoptr (DmsWireWriter) writer = NULL;

  if (self->sealed != NULL)
    return g_bytes_ref (self->sealed);
  writer = dms_wire_writer_new_sized (dms_envelope_get_size_bound (self));
  write_envelope (self, writer, NULL, TRUE);
  return dms_wire_writer_end (writer);
}

char *
dms_envelope_to_string (DmsEnvelope *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();

  write_envelope (self, writer, NULL, TRUE);
  return dms_wire_writer_end_string (writer);
}

gsize
dms_envelope_get_size_bound (DmsEnvelope *self)
{
  GBytes *parts[] = { self->payload, self->capability, self->signature };
  const char *texts[] = { self->behaviour, self->reply_behaviour, self->topic };
  /* Names, numbers, and the brackets; a character of a text takes up to six. */
  gsize size = 512 + 6 * (dms_handle_get_text_size (self->to) + dms_handle_get_text_size (self->from));

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    size += 6 * strlen (texts[i]);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    size += parts[i] != NULL ? (g_bytes_get_size (parts[i]) / 3 + 1) * 4 : 4;
  return size;
}

/* What the signature covers. */
static DmsWireWriter *
write_signed (DmsEnvelope *self, GBytes *wire)
{
  DmsWireWriter *writer = dms_wire_writer_new_sized (dms_envelope_get_size_bound (self));

  dms_wire_writer_add_prefix (writer, SIGNED_PREFIX);
  write_envelope (self, writer, wire, FALSE);
  return writer;
}

GBytes *
dms_envelope_dup_signed_bytes (DmsEnvelope *self)
{
  g_autoptr (DmsWireWriter) writer = write_signed (self, NULL);

  return dms_wire_writer_end (writer);
}

static gboolean
compute_verdict (DmsEnvelope *self)
{
  g_autoptr (GBytes) wire = g_atomic_pointer_exchange (&self->wire, NULL);
  g_autoptr (DmsWireWriter) writer = NULL;
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];
  const char *text;
  gsize size;

  if (self->signature == NULL || !dms_handle_get_ed25519 (self->from, public_key))
    return FALSE;
  writer = write_signed (self, wire);
  text = dms_wire_writer_get_data (writer, &size);
  return dms_signature_verify (public_key, text, size,
                               g_bytes_get_data (self->signature, NULL), g_bytes_get_size (self->signature));
}

gboolean
dms_envelope_verify_signature (DmsEnvelope *self)
{
  gint verdict = g_atomic_int_get (&self->verdict);

  if (verdict == VERDICT_NONE)
    {
      verdict = compute_verdict (self) ? VERDICT_GOOD : VERDICT_BAD;
      g_atomic_int_set (&self->verdict, verdict);
    }
  return verdict == VERDICT_GOOD;
}

gboolean
dms_envelope_is_verified (DmsEnvelope *self)
{
  return g_atomic_int_get (&self->verdict) == VERDICT_GOOD;
}

/* Whether what this key signs can be checked with the sender's ID. */
static gboolean
is_key_of (DmsKey *key, DmsHandle *from)
{
  guint8 public_key[DMS_KEY_PUBLIC_SIZE];

  return dms_handle_get_ed25519 (from, public_key)
         && memcmp (public_key, dms_key_get_public (key), sizeof public_key) == 0;
}

/* Signs what is written, and writes the signature behind it: what goes onto the wire is not written again. */
static void
sign (DmsEnvelope *self, DmsKey *key)
{
  g_autoptr (DmsWireWriter) writer = write_signed (self, NULL);
  g_autoptr (GBytes) written = NULL;
  guint8 signature[DMS_KEY_SIGNATURE_SIZE];
  const char *text;
  gsize size;

  text = dms_wire_writer_get_data (writer, &size);
  dms_key_sign (key, text, size, signature);
  self->signature = g_bytes_new (signature, sizeof signature);
  dms_wire_writer_reopen_object (writer);
  dms_wire_writer_add_bytes (writer, "sig", self->signature);
  dms_wire_writer_end_object (writer);
  written = dms_wire_writer_end (writer);
  self->sealed = g_bytes_new_from_bytes (written, strlen (SIGNED_PREFIX),
                                         g_bytes_get_size (written) - strlen (SIGNED_PREFIX));
}

DmsEnvelope *
dms_envelope_new_signed (DmsKey *key, DmsHandle *to, const char *behaviour, DmsHandle *from, guint64 nonce,
                         guint64 expiry_ns, const char *reply_behaviour, const char *topic, GBytes *payload,
                         GBytes *capability)
{
  DmsEnvelope *self = g_atomic_rc_box_new0 (DmsEnvelope);

  self->to = dms_handle_ref (to);
  self->behaviour = g_strdup (behaviour);
  self->from = dms_handle_ref (from);
  self->nonce = nonce;
  self->expiry_ns = expiry_ns;
  self->reply_behaviour = g_strdup (reply_behaviour);
  self->topic = g_strdup (topic);
  self->payload = payload != NULL ? g_bytes_ref (payload) : NULL;
  self->capability = capability != NULL ? g_bytes_ref (capability) : NULL;
  fill_gaps (self);
  sign (self, key);
  self->verdict = is_key_of (key, from) ? VERDICT_GOOD : VERDICT_NONE;
  return self;
}

DmsEnvelope *
dms_envelope_new_own (GObject *authority, DmsHandle *to, const char *behaviour, DmsHandle *from,
                      guint64 nonce, guint64 expiry_ns, const char *reply_behaviour, GBytes *payload)
{
  DmsEnvelope *self = g_atomic_rc_box_new0 (DmsEnvelope);

  self->authority = g_object_ref (authority);
  self->to = dms_handle_ref (to);
  self->behaviour = g_strdup (behaviour);
  self->from = dms_handle_ref (from);
  self->nonce = nonce;
  self->expiry_ns = expiry_ns;
  self->reply_behaviour = g_strdup (reply_behaviour);
  self->payload = payload != NULL ? g_bytes_ref (payload) : NULL;
  fill_gaps (self);
  return self;
}

GObject *
dms_envelope_get_authority (DmsEnvelope *self)
{
  return self->authority;
}

/**
 * dms_envelope_make_nonce:
 *
 * Returns: a random number below 2^63, which every JSON library of the field can hold
 */
guint64
dms_envelope_make_nonce (void)
{
  guint64 nonce = 0;

  randombytes_buf (&nonce, sizeof nonce);
  return nonce >> 1;
}

DmsHandle *
dms_envelope_get_to (DmsEnvelope *self)
{
  return self->to;
}

const char *
dms_envelope_get_behaviour (DmsEnvelope *self)
{
  return self->behaviour;
}

DmsHandle *
dms_envelope_get_from (DmsEnvelope *self)
{
  return self->from;
}

guint64
dms_envelope_get_nonce (DmsEnvelope *self)
{
  return self->nonce;
}

guint64
dms_envelope_get_expiry_ns (DmsEnvelope *self)
{
  return self->expiry_ns;
}

const char *
dms_envelope_get_reply_behaviour (DmsEnvelope *self)
{
  return self->reply_behaviour;
}

const char *
dms_envelope_get_topic (DmsEnvelope *self)
{
  return self->topic;
}

GBytes *
dms_envelope_get_payload (DmsEnvelope *self)
{
  return self->payload;
}

GBytes *
dms_envelope_get_capability (DmsEnvelope *self)
{
  return self->capability;
}

GBytes *
dms_envelope_get_signature (DmsEnvelope *self)
{
  return self->signature;
}

gboolean
dms_envelope_is_broadcast (DmsEnvelope *self)
{
  return dms_handle_is_empty (self->to) && *self->topic != '\0';
}
