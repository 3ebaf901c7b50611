/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-multiaddr-protocol-private.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <string.h>

#include "values/dms-base58-private.h"
#include "values/dms-multibase.h"
#include "values/dms-peer-id.h"
#include "values/dms-varint-private.h"

enum
{
  /* RFC 1035, 2.3.4; the other names are shorter still. */
  DMS_MULTIADDR_MAX_NAME = 255,
  /* An Ed25519 key, a checksum and a version (Tor rend-spec-v3, 6): 56 characters. */
  DMS_MULTIADDR_ONION3_BYTES = 35,
  DMS_MULTIADDR_ONION3_CHARACTERS = 56,
  DMS_MULTIADDR_VARIABLE = -1,
};

/* Those that libp2p uses. Of two names for one code, the first is the one that is written. */
static const DmsMultiaddrProtocol dms_multiaddr_protocols[] = {
  { "ip4", 4, DMS_MULTIADDR_VALUE_IP4 },
  { "tcp", 6, DMS_MULTIADDR_VALUE_PORT },
  { "ip6", 41, DMS_MULTIADDR_VALUE_IP6 },
  { "ip6zone", 42, DMS_MULTIADDR_VALUE_NAME },
  { "ipcidr", 43, DMS_MULTIADDR_VALUE_BYTE },
  { "dns", 53, DMS_MULTIADDR_VALUE_NAME },
  { "dns4", 54, DMS_MULTIADDR_VALUE_NAME },
  { "dns6", 55, DMS_MULTIADDR_VALUE_NAME },
  { "dnsaddr", 56, DMS_MULTIADDR_VALUE_NAME },
  { "udp", 273, DMS_MULTIADDR_VALUE_PORT },
  { "webrtc-direct", 280, DMS_MULTIADDR_VALUE_NONE },
  { "webrtc", 281, DMS_MULTIADDR_VALUE_NONE },
  { "p2p-circuit", 290, DMS_MULTIADDR_VALUE_NONE },
  { "unix", 400, DMS_MULTIADDR_VALUE_PATH },
  { "p2p", 421, DMS_MULTIADDR_VALUE_PEER },
  { "ipfs", 421, DMS_MULTIADDR_VALUE_PEER },
  { "https", 443, DMS_MULTIADDR_VALUE_NONE },
  { "onion3", 445, DMS_MULTIADDR_VALUE_ONION3 },
  { "tls", 448, DMS_MULTIADDR_VALUE_NONE },
  { "sni", 449, DMS_MULTIADDR_VALUE_NAME },
  { "noise", 454, DMS_MULTIADDR_VALUE_NONE },
  { "quic", 460, DMS_MULTIADDR_VALUE_NONE },
  { "quic-v1", 461, DMS_MULTIADDR_VALUE_NONE },
  { "webtransport", 465, DMS_MULTIADDR_VALUE_NONE },
  { "certhash", 466, DMS_MULTIADDR_VALUE_CERTHASH },
  { "ws", 477, DMS_MULTIADDR_VALUE_NONE },
  { "wss", 478, DMS_MULTIADDR_VALUE_NONE },
  { "http", 480, DMS_MULTIADDR_VALUE_NONE },
  { "http-path", 481, DMS_MULTIADDR_VALUE_HTTP_PATH },
  { "memory", 777, DMS_MULTIADDR_VALUE_MEMORY },
};

const DmsMultiaddrProtocol *
dms_multiaddr_protocol_find (const char *name, gsize length)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dms_multiaddr_protocols); i++)
    {
      const char *known = dms_multiaddr_protocols[i].name;

      if (strncmp (known, name, length) == 0 && known[length] == '\0')
        return &dms_multiaddr_protocols[i];
    }
  return NULL;
}

const DmsMultiaddrProtocol *
dms_multiaddr_protocol_find_code (guint64 code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dms_multiaddr_protocols); i++)
    if (dms_multiaddr_protocols[i].code == code)
      return &dms_multiaddr_protocols[i];
  return NULL;
}

/* How many bytes a value has, DMS_MULTIADDR_VARIABLE when its length stands before it. */
static int
dms_multiaddr_protocol_get_size (const DmsMultiaddrProtocol *self)
{
  switch (self->value)
    {
    case DMS_MULTIADDR_VALUE_NONE:
      return 0;
    case DMS_MULTIADDR_VALUE_BYTE:
      return 1;
    case DMS_MULTIADDR_VALUE_PORT:
      return 2;
    case DMS_MULTIADDR_VALUE_IP4:
      return 4;
    case DMS_MULTIADDR_VALUE_MEMORY:
      return 8;
    case DMS_MULTIADDR_VALUE_IP6:
      return 16;
    case DMS_MULTIADDR_VALUE_ONION3:
      return DMS_MULTIADDR_ONION3_BYTES + 2;
    case DMS_MULTIADDR_VALUE_NAME:
    case DMS_MULTIADDR_VALUE_CERTHASH:
    case DMS_MULTIADDR_VALUE_HTTP_PATH:
    case DMS_MULTIADDR_VALUE_PEER:
    case DMS_MULTIADDR_VALUE_PATH:
    default:
      return DMS_MULTIADDR_VARIABLE;
    }
}

/* Whether text can stand between two slashes. */
static gboolean
dms_multiaddr_is_name (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (text[i]) || text[i] == '/')
      return FALSE;
  return length > 0 && length <= DMS_MULTIADDR_MAX_NAME;
}

/* Names with single slashes between them. */
static gboolean
dms_multiaddr_is_path (const char *text, gsize length)
{
  const char *end = text + length;

  for (const char *part = text;;)
    {
      const char *slash = memchr (part, '/', (gsize) (end - part));

      if (!dms_multiaddr_is_name (part, (gsize) ((slash != NULL ? slash : end) - part)))
        return FALSE;
      if (slash == NULL)
        return TRUE;
      part = slash + 1;
    }
}

static gboolean
dms_multiaddr_parse_ip (const char *text, GSocketFamily family, GByteArray *out)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (text);

  if (address == NULL || g_inet_address_get_family (address) != family)
    return FALSE;
  g_byte_array_append (
      out, g_inet_address_to_bytes (address), (guint) g_inet_address_get_native_size (address));
  return TRUE;
}

/* A number in @size bytes, the highest first. */
static gboolean
dms_multiaddr_parse_number (const char *text, guint size, GByteArray *out)
{
  guint64 max = size < 8 ? (G_GUINT64_CONSTANT (1) << (8 * size)) - 1 : G_MAXUINT64;
  guint64 number = 0;
  guint64 big_endian = 0;

  if (!g_ascii_string_to_unsigned (text, 10, 0, max, &number, NULL))
    return FALSE;
  big_endian = GUINT64_TO_BE (number);
  g_byte_array_append (out, (const guint8 *) &big_endian + (8 - size), size);
  return TRUE;
}

static gboolean
dms_multiaddr_parse_onion3 (const char *text, GByteArray *out)
{
  g_autofree char *multibase = NULL;
  g_autoptr (GBytes) bytes = NULL;

  if (strcspn (text, ":") != DMS_MULTIADDR_ONION3_CHARACTERS ||
      text[DMS_MULTIADDR_ONION3_CHARACTERS] != ':' ||
      !g_ascii_string_to_unsigned (
          text + DMS_MULTIADDR_ONION3_CHARACTERS + 1, 10, 1, G_MAXUINT16, NULL, NULL))
    return FALSE;
  multibase = g_strdup_printf ("b%.*s", DMS_MULTIADDR_ONION3_CHARACTERS, text);
  bytes = dms_multibase_decode (multibase, NULL);
  if (bytes == NULL || g_bytes_get_size (bytes) != DMS_MULTIADDR_ONION3_BYTES)
    return FALSE;
  g_byte_array_append (out, g_bytes_get_data (bytes, NULL), DMS_MULTIADDR_ONION3_BYTES);
  return dms_multiaddr_parse_number (text + DMS_MULTIADDR_ONION3_CHARACTERS + 1, 2, out);
}

/* Whether these bytes are a multihash: a code, a length, and so many bytes (multiformats/multihash). */
static gboolean
dms_multiaddr_is_multihash (const guint8 *data, gsize size)
{
  guint64 code = 0;
  guint64 length = 0;

  return dms_varint_take (&data, &size, &code) && dms_varint_take (&data, &size, &length) && length == size;
}

static gboolean
dms_multiaddr_append_bytes (GBytes *bytes, GByteArray *out)
{
  gsize size = 0;
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &size) : NULL;

  if (size == 0)
    return FALSE;
  g_byte_array_append (out, data, (guint) size);
  return TRUE;
}

static gboolean
dms_multiaddr_parse_certhash (const char *text, GByteArray *out)
{
  g_autoptr (GBytes) bytes = dms_multibase_decode (text, NULL);

  return bytes != NULL &&
         dms_multiaddr_is_multihash (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes)) &&
         dms_multiaddr_append_bytes (bytes, out);
}

static gboolean
dms_multiaddr_parse_http_path (const char *text, GByteArray *out)
{
  g_autoptr (GBytes) bytes = NULL;

  if (!dms_multiaddr_is_name (text, strlen (text)))
    return FALSE;
  bytes = g_uri_unescape_bytes (text, -1, NULL, NULL);
  return dms_multiaddr_append_bytes (bytes, out);
}

static gboolean
dms_multiaddr_parse_peer (const char *text, GByteArray *out)
{
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (text, NULL);
  g_autoptr (GBytes) bytes = peer != NULL ? dms_peer_id_dup_bytes (peer) : NULL;

  return dms_multiaddr_append_bytes (bytes, out);
}

static gboolean
dms_multiaddr_parse_path (const char *text, GByteArray *out)
{
  if (!dms_multiaddr_is_path (text, strlen (text)))
    return FALSE;
  /* The slash behind the protocol's name belongs to the path. */
  g_byte_array_append (out, (const guint8 *) "/", 1);
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
  return TRUE;
}

/* Appends a value in bytes, without its length. */
static gboolean
dms_multiaddr_protocol_parse (const DmsMultiaddrProtocol *self, const char *text, GByteArray *out)
{
  switch (self->value)
    {
    case DMS_MULTIADDR_VALUE_IP4:
      return dms_multiaddr_parse_ip (text, G_SOCKET_FAMILY_IPV4, out);
    case DMS_MULTIADDR_VALUE_IP6:
      return dms_multiaddr_parse_ip (text, G_SOCKET_FAMILY_IPV6, out);
    case DMS_MULTIADDR_VALUE_PORT:
      return dms_multiaddr_parse_number (text, 2, out);
    case DMS_MULTIADDR_VALUE_BYTE:
      return dms_multiaddr_parse_number (text, 1, out);
    case DMS_MULTIADDR_VALUE_MEMORY:
      /* Another way to write the number is another name. */
      return (text[0] != '0' || text[1] == '\0') && dms_multiaddr_parse_number (text, 8, out);
    case DMS_MULTIADDR_VALUE_NAME:
      if (!dms_multiaddr_is_name (text, strlen (text)))
        return FALSE;
      g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
      return TRUE;
    case DMS_MULTIADDR_VALUE_ONION3:
      return dms_multiaddr_parse_onion3 (text, out);
    case DMS_MULTIADDR_VALUE_CERTHASH:
      return dms_multiaddr_parse_certhash (text, out);
    case DMS_MULTIADDR_VALUE_HTTP_PATH:
      return dms_multiaddr_parse_http_path (text, out);
    case DMS_MULTIADDR_VALUE_PEER:
      return dms_multiaddr_parse_peer (text, out);
    case DMS_MULTIADDR_VALUE_PATH:
      return dms_multiaddr_parse_path (text, out);
    case DMS_MULTIADDR_VALUE_NONE:
    default:
      return FALSE;
    }
}

static char *
dms_multiaddr_format_ip (int family, const guint8 *data)
{
  char text[INET6_ADDRSTRLEN] = "";

  return g_strdup (inet_ntop (family, data, text, sizeof text));
}

static char *
dms_multiaddr_format_number (const guint8 *data, gsize size)
{
  guint64 number = 0;

  for (gsize i = 0; i < size; i++)
    number = number << 8 | data[i];
  return g_strdup_printf ("%" G_GUINT64_FORMAT, number);
}

static char *
dms_multiaddr_format_multibase (DmsMultibase base, const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);

  return dms_multibase_encode (base, bytes, NULL);
}

static char *
dms_multiaddr_format_onion3 (const guint8 *data)
{
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;

  if (data[DMS_MULTIADDR_ONION3_BYTES] == 0 && data[DMS_MULTIADDR_ONION3_BYTES + 1] == 0)
    return NULL;
  host = dms_multiaddr_format_multibase (DMS_MULTIBASE_BASE32, data, DMS_MULTIADDR_ONION3_BYTES);
  port = dms_multiaddr_format_number (data + DMS_MULTIADDR_ONION3_BYTES, 2);
  return g_strconcat (host + 1, ":", port, NULL);
}

static char *
dms_multiaddr_format_peer (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (DmsPeerId) peer = dms_peer_id_new_from_bytes (bytes, NULL);

  return peer != NULL ? g_strdup (dms_peer_id_get_text (peer)) : NULL;
}

static char *
dms_multiaddr_format_http_path (const guint8 *data, gsize size)
{
  g_autofree char *text = NULL;

  if (size == 0 || size > DMS_MULTIADDR_MAX_NAME)
    return NULL;
  text = g_uri_escape_bytes (data, size, NULL);
  return strlen (text) <= DMS_MULTIADDR_MAX_NAME ? g_steal_pointer (&text) : NULL;
}

/* The text of a value in bytes, whose size is right where it is fixed; NULL when it is malformed. */
static char *
dms_multiaddr_protocol_format (const DmsMultiaddrProtocol *self, const guint8 *data, gsize size)
{
  switch (self->value)
    {
    case DMS_MULTIADDR_VALUE_IP4:
      return dms_multiaddr_format_ip (AF_INET, data);
    case DMS_MULTIADDR_VALUE_IP6:
      return dms_multiaddr_format_ip (AF_INET6, data);
    case DMS_MULTIADDR_VALUE_PORT:
    case DMS_MULTIADDR_VALUE_BYTE:
    case DMS_MULTIADDR_VALUE_MEMORY:
      return dms_multiaddr_format_number (data, size);
    case DMS_MULTIADDR_VALUE_NAME:
      return dms_multiaddr_is_name ((const char *) data, size) ? g_strndup ((const char *) data, size) : NULL;
    case DMS_MULTIADDR_VALUE_ONION3:
      return dms_multiaddr_format_onion3 (data);
    case DMS_MULTIADDR_VALUE_CERTHASH:
      return dms_multiaddr_is_multihash (data, size) && size <= DMS_MULTIBASE_MAX_BYTES
                 ? dms_multiaddr_format_multibase (DMS_MULTIBASE_BASE64_URL, data, size)
                 : NULL;
    case DMS_MULTIADDR_VALUE_HTTP_PATH:
      return dms_multiaddr_format_http_path (data, size);
    case DMS_MULTIADDR_VALUE_PEER:
      return dms_multiaddr_format_peer (data, size);
    case DMS_MULTIADDR_VALUE_PATH:
      if (size < 2 || data[0] != '/' || !dms_multiaddr_is_path ((const char *) data + 1, size - 1))
        return NULL;
      return g_strndup ((const char *) data + 1, size - 1);
    case DMS_MULTIADDR_VALUE_NONE:
    default:
      return NULL;
    }
}

char *
dms_multiaddr_protocol_dup_canonical (const DmsMultiaddrProtocol *self, const char *text)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  if (dms_multiaddr_protocol_parse (self, text, bytes))
    return dms_multiaddr_protocol_format (self, bytes->data, bytes->len);
  if (self->value == DMS_MULTIADDR_VALUE_MEMORY && dms_multiaddr_is_name (text, strlen (text)))
    return g_strdup (text);
  return NULL;
}

gboolean
dms_multiaddr_protocol_write (const DmsMultiaddrProtocol *self, const char *text, GByteArray *out)
{
  g_autoptr (GByteArray) value = g_byte_array_new ();

  if (self->value != DMS_MULTIADDR_VALUE_NONE && !dms_multiaddr_protocol_parse (self, text, value))
    return FALSE;
  dms_varint_append (out, self->code);
  if (dms_multiaddr_protocol_get_size (self) == DMS_MULTIADDR_VARIABLE)
    dms_varint_append (out, value->len);
  g_byte_array_append (out, value->data, value->len);
  return TRUE;
}

const DmsMultiaddrProtocol *
dms_multiaddr_protocol_take (const guint8 **data, gsize *size, char **value)
{
  const DmsMultiaddrProtocol *self = NULL;
  guint64 code = 0;
  guint64 length = 0;

  *value = NULL;
  if (dms_varint_take (data, size, &code))
    self = dms_multiaddr_protocol_find_code (code);
  if (self == NULL || self->value == DMS_MULTIADDR_VALUE_NONE)
    return self;
  if (dms_multiaddr_protocol_get_size (self) != DMS_MULTIADDR_VARIABLE)
    length = (guint64) dms_multiaddr_protocol_get_size (self);
  else if (!dms_varint_take (data, size, &length))
    return NULL;
  if (length > *size)
    return NULL;
  *value = dms_multiaddr_protocol_format (self, *data, (gsize) length);
  *data += length;
  *size -= length;
  return *value != NULL ? self : NULL;
}
