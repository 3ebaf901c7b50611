/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "mdns/dms-p2p-mdns-message.h"

#include <string.h>

/* Wire format: RFC 1035, section 4; what Multicast DNS makes of it: RFC 6762, section 18. */
enum
{
  DMS_P2P_MDNS_HEADER_SIZE = 12,
  DMS_P2P_MDNS_FLAGS_RESPONSE = 0x8000,
  DMS_P2P_MDNS_FLAGS_AUTHORITATIVE = 0x0400,
  DMS_P2P_MDNS_FLAGS_OPCODE = 0x7800,
  DMS_P2P_MDNS_FLAGS_RCODE = 0x000f,
  DMS_P2P_MDNS_TYPE_PTR = 12,
  DMS_P2P_MDNS_TYPE_TXT = 16,
  DMS_P2P_MDNS_TYPE_ANY = 255,
  DMS_P2P_MDNS_CLASS_IN = 1,
  /* "Unicast response wanted", or "flush the cache" (sections 18.12, 18.13). */
  DMS_P2P_MDNS_CLASS_TOP_BIT = 0x8000,
  /* Records of hosts that come and go; as libp2p's other implementations. */
  DMS_P2P_MDNS_TTL_S = 120,
  /* A name (RFC 1035, section 2.3.4). */
  DMS_P2P_MDNS_MAX_NAME = 255,
  /* A compressed name goes back, so there can be no more jumps than labels. */
  DMS_P2P_MDNS_MAX_JUMPS = 64,
  /* Ours: of all sections together. */
  DMS_P2P_MDNS_MAX_RECORDS = 256,
};

#define DMS_P2P_MDNS_PREFIX "dnsaddr="

typedef struct
{
  const guint8 *data;
  gsize size;
  gsize at;
} DmsP2pMdnsReader;

static gboolean
dms_p2p_mdns_reader_read_u16 (DmsP2pMdnsReader *self, guint *value)
{
  if (self->size - self->at < 2)
    return FALSE;
  *value = (guint) self->data[self->at] << 8 | self->data[self->at + 1];
  self->at += 2;
  return TRUE;
}

static gboolean
dms_p2p_mdns_reader_skip (DmsP2pMdnsReader *self, gsize size)
{
  if (self->size - self->at < size)
    return FALSE;
  self->at += size;
  return TRUE;
}

/* The next label of the name at *@at: its length, 0 at the end, -1 when it is broken. Jumps only go back. */
static int
dms_p2p_mdns_reader_next_label (const DmsP2pMdnsReader *self, gsize *at, gsize *after, guint *n_jumps)
{
  while (*at < self->size)
    {
      guint length = self->data[*at];
      gsize target = 0;

      if (length <= DMS_P2P_MDNS_MAX_LABEL)
        return self->size - *at > length ? (int) length : -1;
      if (length < 0xc0 || self->size - *at < 2 || ++*n_jumps > DMS_P2P_MDNS_MAX_JUMPS)
        return -1;
      target = (gsize) (length & 0x3f) << 8 | self->data[*at + 1];
      if (*after == 0)
        *after = *at + 2;
      if (target >= *at)
        return -1;
      *at = target;
    }
  return -1;
}

/* Appends the name to @name, as text with dots. Labels with dots in them are none of ours, so nobody minds
 * what becomes of them. */
static gboolean
dms_p2p_mdns_reader_read_name (DmsP2pMdnsReader *self, char name[DMS_P2P_MDNS_MAX_NAME + 1])
{
  gsize at = self->at;
  gsize after = 0;
  gsize length = 0;
  guint n_jumps = 0;
  int label = dms_p2p_mdns_reader_next_label (self, &at, &after, &n_jumps);

  while (label > 0)
    {
      if (length + (gsize) label + 1 > DMS_P2P_MDNS_MAX_NAME)
        return FALSE;
      if (length > 0)
        name[length++] = '.';
      memcpy (name + length, self->data + at + 1, (gsize) label);
      length += (gsize) label;
      at += (gsize) label + 1;
      label = dms_p2p_mdns_reader_next_label (self, &at, &after, &n_jumps);
    }
  name[length] = '\0';
  self->at = after != 0 ? after : at + 1;
  return label == 0;
}

static gboolean
dms_p2p_mdns_message_read_question (DmsP2pMdnsMessage *self, DmsP2pMdnsReader *reader, const char *service)
{
  char name[DMS_P2P_MDNS_MAX_NAME + 1];
  guint type = 0;
  guint class = 0;

  if (!dms_p2p_mdns_reader_read_name (reader, name) || !dms_p2p_mdns_reader_read_u16 (reader, &type) ||
      !dms_p2p_mdns_reader_read_u16 (reader, &class))
    return FALSE;
  if ((type == DMS_P2P_MDNS_TYPE_PTR || type == DMS_P2P_MDNS_TYPE_ANY) &&
      (class & ~(guint) DMS_P2P_MDNS_CLASS_TOP_BIT) == DMS_P2P_MDNS_CLASS_IN &&
      g_ascii_strcasecmp (name, service) == 0)
    self->is_query = TRUE;
  return TRUE;
}

static void
dms_p2p_mdns_message_add_text (DmsP2pMdnsMessage *self, const guint8 *data, gsize size)
{
  gsize prefix = strlen (DMS_P2P_MDNS_PREFIX);
  g_autofree char *text = NULL;
  g_autoptr (DmsMultiaddr) address = NULL;
  g_autoptr (DmsPeerId) peer = NULL;

  if (size <= prefix || memcmp (data, DMS_P2P_MDNS_PREFIX, prefix) != 0 ||
      memchr (data, '\0', size) != NULL || self->addresses->len >= DMS_P2P_MDNS_MAX_ADDRESSES)
    return;
  text = g_strndup ((const char *) data + prefix, size - prefix);
  address = dms_multiaddr_new (text, NULL);
  peer = address != NULL ? dms_multiaddr_dup_peer_id (address) : NULL;
  if (peer != NULL)
    g_ptr_array_add (self->addresses, g_steal_pointer (&address));
}

static gboolean
dms_p2p_mdns_message_read_texts (DmsP2pMdnsMessage *self, const guint8 *data, gsize size)
{
  for (gsize at = 0; at < size; at += 1 + (gsize) data[at])
    {
      if (size - at <= data[at])
        return FALSE;
      dms_p2p_mdns_message_add_text (self, data + at + 1, data[at]);
    }
  return TRUE;
}

/* `<anything>.<service>` */
static gboolean
dms_p2p_mdns_is_of (const char *name, const char *service)
{
  gsize length = strlen (name);
  gsize tail = strlen (service);

  return length > tail + 1 && name[length - tail - 1] == '.' &&
         g_ascii_strcasecmp (name + length - tail, service) == 0;
}

static gboolean
dms_p2p_mdns_message_read_record (DmsP2pMdnsMessage *self, DmsP2pMdnsReader *reader, const char *service)
{
  char name[DMS_P2P_MDNS_MAX_NAME + 1];
  guint type = 0;
  guint class = 0;
  guint size = 0;
  const guint8 *data = NULL;

  if (!dms_p2p_mdns_reader_read_name (reader, name) || !dms_p2p_mdns_reader_read_u16 (reader, &type) ||
      !dms_p2p_mdns_reader_read_u16 (reader, &class) || !dms_p2p_mdns_reader_skip (reader, 4) ||
      !dms_p2p_mdns_reader_read_u16 (reader, &size))
    return FALSE;
  data = reader->data + reader->at;
  if (!dms_p2p_mdns_reader_skip (reader, size))
    return FALSE;
  if (type != DMS_P2P_MDNS_TYPE_TXT ||
      (class & ~(guint) DMS_P2P_MDNS_CLASS_TOP_BIT) != DMS_P2P_MDNS_CLASS_IN ||
      !dms_p2p_mdns_is_of (name, service))
    return TRUE;
  return dms_p2p_mdns_message_read_texts (self, data, size);
}

static gboolean
dms_p2p_mdns_message_read (DmsP2pMdnsMessage *self, DmsP2pMdnsReader *reader, const char *service)
{
  guint flags = 0;
  guint n_questions = 0;
  guint n_records = 0;

  reader->at = 2;
  if (!dms_p2p_mdns_reader_read_u16 (reader, &flags) || !dms_p2p_mdns_reader_read_u16 (reader, &n_questions))
    return FALSE;
  for (guint i = 0; i < 3; i++)
    {
      guint n = 0;

      if (!dms_p2p_mdns_reader_read_u16 (reader, &n))
        return FALSE;
      n_records += n;
    }
  /* RFC 6762, sections 18.3 and 18.11: anything else is to be ignored. */
  if ((flags & (DMS_P2P_MDNS_FLAGS_OPCODE | DMS_P2P_MDNS_FLAGS_RCODE)) != 0 ||
      n_questions + n_records > DMS_P2P_MDNS_MAX_RECORDS)
    return FALSE;
  for (guint i = 0; i < n_questions; i++)
    if (!dms_p2p_mdns_message_read_question (self, reader, service))
      return FALSE;
  if ((flags & DMS_P2P_MDNS_FLAGS_RESPONSE) == 0)
    return TRUE;
  self->is_query = FALSE;
  for (guint i = 0; i < n_records; i++)
    if (!dms_p2p_mdns_message_read_record (self, reader, service))
      return FALSE;
  return TRUE;
}

DmsP2pMdnsMessage *
dms_p2p_mdns_message_parse (const guint8 *data, gsize size, const char *service)
{
  g_autoptr (DmsP2pMdnsMessage) self = NULL;
  DmsP2pMdnsReader reader = { data, size, 0 };

  if (size < DMS_P2P_MDNS_HEADER_SIZE || size > DMS_P2P_MDNS_MAX_SIZE)
    return NULL;
  self = g_new0 (DmsP2pMdnsMessage, 1);
  self->addresses = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_multiaddr_unref);
  return dms_p2p_mdns_message_read (self, &reader, service) ? g_steal_pointer (&self) : NULL;
}

void
dms_p2p_mdns_message_free (DmsP2pMdnsMessage *self)
{
  g_clear_pointer (&self->addresses, g_ptr_array_unref);
  g_free (self);
}

static void
dms_p2p_mdns_put_u16 (GByteArray *to, guint value)
{
  const guint8 bytes[] = { (guint8) (value >> 8), (guint8) value };

  g_byte_array_append (to, bytes, sizeof bytes);
}

static void
dms_p2p_mdns_put_name (GByteArray *to, const char *name)
{
  g_auto (GStrv) labels = g_strsplit (name, ".", -1);
  const guint8 end = 0;

  for (guint i = 0; labels[i] != NULL; i++)
    {
      guint8 length = (guint8) MIN (strlen (labels[i]), DMS_P2P_MDNS_MAX_LABEL);

      g_byte_array_append (to, &length, 1);
      g_byte_array_append (to, (const guint8 *) labels[i], length);
    }
  g_byte_array_append (to, &end, 1);
}

static GByteArray *
dms_p2p_mdns_begin (guint flags, guint n_questions, guint n_answers, guint n_additional)
{
  GByteArray *message = g_byte_array_new ();

  dms_p2p_mdns_put_u16 (message, 0);
  dms_p2p_mdns_put_u16 (message, flags);
  dms_p2p_mdns_put_u16 (message, n_questions);
  dms_p2p_mdns_put_u16 (message, n_answers);
  dms_p2p_mdns_put_u16 (message, 0);
  dms_p2p_mdns_put_u16 (message, n_additional);
  return message;
}

GByteArray *
dms_p2p_mdns_message_make_query (const char *service)
{
  GByteArray *message = dms_p2p_mdns_begin (0, 1, 0, 0);

  dms_p2p_mdns_put_name (message, service);
  dms_p2p_mdns_put_u16 (message, DMS_P2P_MDNS_TYPE_PTR);
  dms_p2p_mdns_put_u16 (message, DMS_P2P_MDNS_CLASS_IN);
  return message;
}

static void
dms_p2p_mdns_put_record (GByteArray *to, const char *name, guint type, GByteArray *data)
{
  dms_p2p_mdns_put_name (to, name);
  dms_p2p_mdns_put_u16 (to, type);
  dms_p2p_mdns_put_u16 (to, DMS_P2P_MDNS_CLASS_IN);
  dms_p2p_mdns_put_u16 (to, 0);
  dms_p2p_mdns_put_u16 (to, DMS_P2P_MDNS_TTL_S);
  dms_p2p_mdns_put_u16 (to, data->len);
  g_byte_array_append (to, data->data, data->len);
}

/* The strings of the TXT record, `dnsaddr=` and an address each. */
static GByteArray *
dms_p2p_mdns_make_texts (GPtrArray *addresses)
{
  GByteArray *texts = g_byte_array_new ();

  for (guint i = 0; i < addresses->len && i < DMS_P2P_MDNS_MAX_ADDRESSES; i++)
    {
      g_autofree char *text =
          g_strconcat (DMS_P2P_MDNS_PREFIX, dms_multiaddr_get_text (addresses->pdata[i]), NULL);
      gsize size = strlen (text);
      guint8 length = (guint8) size;

      if (size > DMS_P2P_MDNS_MAX_TEXT)
        continue;
      g_byte_array_append (texts, &length, 1);
      g_byte_array_append (texts, (const guint8 *) text, (guint) size);
    }
  return texts;
}

GByteArray *
dms_p2p_mdns_message_make_response (const char *service, const char *name, GPtrArray *addresses)
{
  GByteArray *message =
      dms_p2p_mdns_begin (DMS_P2P_MDNS_FLAGS_RESPONSE | DMS_P2P_MDNS_FLAGS_AUTHORITATIVE, 0, 1, 1);
  g_autoptr (GByteArray) target = g_byte_array_new ();
  g_autoptr (GByteArray) texts = dms_p2p_mdns_make_texts (addresses);
  g_autofree char *whole = g_strconcat (name, ".", service, NULL);

  dms_p2p_mdns_put_name (target, whole);
  dms_p2p_mdns_put_record (message, service, DMS_P2P_MDNS_TYPE_PTR, target);
  dms_p2p_mdns_put_record (message, whole, DMS_P2P_MDNS_TYPE_TXT, texts);
  return message;
}
