/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identify/dms-p2p-multiaddr-codec.h"

#include <string.h>

#include "wire/dms-p2p-varint.h"

/* What follows the code of a part. */
typedef enum
{
  DMS_P2P_PART_NOTHING,
  DMS_P2P_PART_IP4,
  DMS_P2P_PART_IP6,
  DMS_P2P_PART_PORT,
  DMS_P2P_PART_BYTE,
  DMS_P2P_PART_TEXT,
  DMS_P2P_PART_PEER,
  DMS_P2P_PART_HASH,
} DmsP2pPartKind;

typedef struct
{
  guint code;
  const char *name;
  DmsP2pPartKind kind;
} DmsP2pPart;

/* multiformats/multiaddr, protocols.csv: what libp2p hosts tell each other. */
static const DmsP2pPart dms_p2p_parts[] = {
  { 4, "ip4", DMS_P2P_PART_IP4 },
  { 41, "ip6", DMS_P2P_PART_IP6 },
  { 42, "ip6zone", DMS_P2P_PART_TEXT },
  { 43, "ipcidr", DMS_P2P_PART_BYTE },
  { 6, "tcp", DMS_P2P_PART_PORT },
  { 273, "udp", DMS_P2P_PART_PORT },
  { 53, "dns", DMS_P2P_PART_TEXT },
  { 54, "dns4", DMS_P2P_PART_TEXT },
  { 55, "dns6", DMS_P2P_PART_TEXT },
  { 56, "dnsaddr", DMS_P2P_PART_TEXT },
  { 449, "sni", DMS_P2P_PART_TEXT },
  { 466, "certhash", DMS_P2P_PART_HASH },
  { 421, "p2p", DMS_P2P_PART_PEER },
  { 460, "quic", DMS_P2P_PART_NOTHING },
  { 461, "quic-v1", DMS_P2P_PART_NOTHING },
  { 465, "webtransport", DMS_P2P_PART_NOTHING },
  { 280, "webrtc-direct", DMS_P2P_PART_NOTHING },
  { 281, "webrtc", DMS_P2P_PART_NOTHING },
  { 477, "ws", DMS_P2P_PART_NOTHING },
  { 478, "wss", DMS_P2P_PART_NOTHING },
  { 448, "tls", DMS_P2P_PART_NOTHING },
  { 454, "noise", DMS_P2P_PART_NOTHING },
  { 480, "http", DMS_P2P_PART_NOTHING },
  { 443, "https", DMS_P2P_PART_NOTHING },
  { 290, "p2p-circuit", DMS_P2P_PART_NOTHING },
};

enum
{
  DMS_P2P_IP4_BYTES = 4,
  DMS_P2P_IP6_BYTES = 16,
  DMS_P2P_PORT_BYTES = 2,
  DMS_P2P_TEXT_MAX = 255,
};

static const DmsP2pPart *
dms_p2p_part_find_code (guint64 code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dms_p2p_parts); i++)
    if (dms_p2p_parts[i].code == code)
      return &dms_p2p_parts[i];
  return NULL;
}

static const DmsP2pPart *
dms_p2p_part_find_name (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (dms_p2p_parts); i++)
    if (strcmp (dms_p2p_parts[i].name, name) == 0)
      return &dms_p2p_parts[i];
  return g_str_equal (name, "ipfs") ? dms_p2p_part_find_name ("p2p") : NULL;
}

static gboolean
dms_p2p_take_varint (const guint8 **data, gsize *size, guint64 *value)
{
  int n = dms_p2p_varint_read (*data, *size, value);

  if (n <= 0)
    return FALSE;
  *data += n;
  *size -= (gsize) n;
  return TRUE;
}

/* How many bytes of @data are the value of a part of @kind; FALSE when they are not there. Takes off the
 * length. */
static gboolean
dms_p2p_take_length (DmsP2pPartKind kind, const guint8 **data, gsize *size, gsize *length)
{
  guint64 declared = 0;

  switch (kind)
    {
    case DMS_P2P_PART_IP4:
      *length = DMS_P2P_IP4_BYTES;
      break;
    case DMS_P2P_PART_IP6:
      *length = DMS_P2P_IP6_BYTES;
      break;
    case DMS_P2P_PART_PORT:
      *length = DMS_P2P_PORT_BYTES;
      break;
    case DMS_P2P_PART_BYTE:
      *length = 1;
      break;
    case DMS_P2P_PART_TEXT:
    case DMS_P2P_PART_PEER:
    case DMS_P2P_PART_HASH:
      if (!dms_p2p_take_varint (data, size, &declared) || declared == 0 || declared > DMS_P2P_TEXT_MAX)
        return FALSE;
      *length = (gsize) declared;
      break;
    case DMS_P2P_PART_NOTHING:
    default:
      *length = 0;
      break;
    }
  return *length <= *size;
}

static char *
dms_p2p_decode_ip (const guint8 *data, GSocketFamily family)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_bytes (data, family);

  return g_inet_address_to_string (address);
}

static char *
dms_p2p_decode_text (const guint8 *data, gsize size)
{
  if (memchr (data, '/', size) != NULL || !g_utf8_validate ((const char *) data, (gssize) size, NULL))
    return NULL;
  return g_strndup ((const char *) data, size);
}

static char *
dms_p2p_decode_peer (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new (data, size);
  g_autoptr (DmsPeerId) peer = dms_peer_id_new_from_bytes (bytes, NULL);

  return peer != NULL ? g_strdup (dms_peer_id_get_text (peer)) : NULL;
}

/* Multibase `u`: base64url without padding. */
static char *
dms_p2p_decode_hash (const guint8 *data, gsize size)
{
  g_autofree char *base64 = g_base64_encode (data, size);

  g_strdelimit (base64, "+", '-');
  g_strdelimit (base64, "/", '_');
  g_strdelimit (base64, "=", '\0');
  return g_strconcat ("u", base64, NULL);
}

static char *
dms_p2p_decode_value (DmsP2pPartKind kind, const guint8 *data, gsize size)
{
  switch (kind)
    {
    case DMS_P2P_PART_IP4:
      return dms_p2p_decode_ip (data, G_SOCKET_FAMILY_IPV4);
    case DMS_P2P_PART_IP6:
      return dms_p2p_decode_ip (data, G_SOCKET_FAMILY_IPV6);
    case DMS_P2P_PART_PORT:
      return g_strdup_printf ("%u", (guint) data[0] << 8 | data[1]);
    case DMS_P2P_PART_BYTE:
      return g_strdup_printf ("%u", data[0]);
    case DMS_P2P_PART_TEXT:
      return dms_p2p_decode_text (data, size);
    case DMS_P2P_PART_PEER:
      return dms_p2p_decode_peer (data, size);
    case DMS_P2P_PART_HASH:
      return dms_p2p_decode_hash (data, size);
    case DMS_P2P_PART_NOTHING:
    default:
      return NULL;
    }
}

static gboolean
dms_p2p_decode_part (const guint8 **data, gsize *size, GString *text)
{
  const DmsP2pPart *part = NULL;
  g_autofree char *value = NULL;
  guint64 code = 0;
  gsize length = 0;

  if (!dms_p2p_take_varint (data, size, &code))
    return FALSE;
  part = dms_p2p_part_find_code (code);
  if (part == NULL || !dms_p2p_take_length (part->kind, data, size, &length))
    return FALSE;
  g_string_append_printf (text, "/%s", part->name);
  if (part->kind == DMS_P2P_PART_NOTHING)
    return TRUE;
  value = dms_p2p_decode_value (part->kind, *data, length);
  if (value == NULL)
    return FALSE;
  g_string_append_printf (text, "/%s", value);
  *data += length;
  *size -= length;
  return TRUE;
}

DmsMultiaddr *
dms_p2p_multiaddr_decode (const guint8 *data, gsize size)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (size == 0 || size > DMS_P2P_MULTIADDR_MAX_BYTES)
    return NULL;
  while (size > 0)
    if (!dms_p2p_decode_part (&data, &size, text))
      return NULL;
  return dms_multiaddr_new (text->str, NULL);
}

static void
dms_p2p_append_varint (GByteArray *out, guint64 value)
{
  guint8 buffer[DMS_P2P_VARINT_MAX];

  g_byte_array_append (out, buffer, (guint) dms_p2p_varint_write (buffer, value));
}

static gboolean
dms_p2p_append_counted (GByteArray *out, const void *data, gsize size)
{
  if (size == 0 || size > DMS_P2P_TEXT_MAX)
    return FALSE;
  dms_p2p_append_varint (out, size);
  g_byte_array_append (out, data, (guint) size);
  return TRUE;
}

static gboolean
dms_p2p_encode_ip (GByteArray *out, const char *value)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (value);

  if (address == NULL)
    return FALSE;
  g_byte_array_append (
      out, g_inet_address_to_bytes (address), (guint) g_inet_address_get_native_size (address));
  return TRUE;
}

static gboolean
dms_p2p_encode_number (GByteArray *out, const char *value, guint64 max)
{
  guint64 number = 0;
  guint8 bytes[DMS_P2P_PORT_BYTES];

  if (!g_ascii_string_to_unsigned (value, 10, 0, max, &number, NULL))
    return FALSE;
  bytes[0] = (guint8) (number >> 8);
  bytes[1] = (guint8) number;
  if (max > G_MAXUINT8)
    g_byte_array_append (out, bytes, sizeof bytes);
  else
    g_byte_array_append (out, bytes + 1, 1);
  return TRUE;
}

static gboolean
dms_p2p_encode_peer (GByteArray *out, const char *value)
{
  g_autoptr (DmsPeerId) peer = dms_peer_id_new (value, NULL);
  g_autoptr (GBytes) bytes = peer != NULL ? dms_peer_id_dup_bytes (peer) : NULL;

  return bytes != NULL
         && dms_p2p_append_counted (out, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

static gboolean
dms_p2p_encode_hash (GByteArray *out, const char *value)
{
  g_autoptr (GString) base64 = g_string_new (value);
  g_autofree guint8 *bytes = NULL;
  gsize size = 0;

  if (base64->len < 2 || base64->str[0] != 'u')
    return FALSE;
  g_string_erase (base64, 0, 1);
  g_strdelimit (base64->str, "-", '+');
  g_strdelimit (base64->str, "_", '/');
  while (base64->len % 4 != 0)
    g_string_append_c (base64, '=');
  bytes = g_base64_decode (base64->str, &size);
  return dms_p2p_append_counted (out, bytes, size);
}

static gboolean
dms_p2p_encode_part (GByteArray *out, const char *name, const char *value)
{
  const DmsP2pPart *part = dms_p2p_part_find_name (name);

  if (part == NULL || (value == NULL) != (part->kind == DMS_P2P_PART_NOTHING))
    return FALSE;
  dms_p2p_append_varint (out, part->code);
  switch (part->kind)
    {
    case DMS_P2P_PART_IP4:
    case DMS_P2P_PART_IP6:
      return dms_p2p_encode_ip (out, value);
    case DMS_P2P_PART_PORT:
      return dms_p2p_encode_number (out, value, G_MAXUINT16);
    case DMS_P2P_PART_BYTE:
      return dms_p2p_encode_number (out, value, G_MAXUINT8);
    case DMS_P2P_PART_TEXT:
      return dms_p2p_append_counted (out, value, strlen (value));
    case DMS_P2P_PART_PEER:
      return dms_p2p_encode_peer (out, value);
    case DMS_P2P_PART_HASH:
      return dms_p2p_encode_hash (out, value);
    case DMS_P2P_PART_NOTHING:
    default:
      return TRUE;
    }
}

GBytes *
dms_p2p_multiaddr_encode (DmsMultiaddr *address)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();
  guint n = dms_multiaddr_get_n_parts (address);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *value = NULL;
      g_autofree char *name = dms_multiaddr_dup_part (address, i, &value);

      if (!dms_p2p_encode_part (out, name, value))
        return NULL;
    }
  if (out->len == 0 || out->len > DMS_P2P_MULTIADDR_MAX_BYTES)
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}
