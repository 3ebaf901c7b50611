/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-multiaddr.h"

#include <string.h>

#include "dms-error.h"
#include "values/dms-multiaddr-protocol-private.h"
#include "values/dms-peer-id.h"
#include "values/dms-value-private.h"

enum
{
  DMS_MULTIADDR_MAX_LENGTH = 1024,
  DMS_MULTIADDR_MAX_PARTS = 32,
};

/**
 * DmsMultiaddr:
 *
 * A self-describing network address (multiformats/multiaddr) in its text form. Immutable and counted.
 */
struct _DmsMultiaddr
{
  char *text;
  /* Its binary form, once somebody wanted it: what is known of a peer is told to many. */
  GBytes *bytes;
};

G_DEFINE_BOXED_TYPE (DmsMultiaddr, dms_multiaddr, dms_multiaddr_ref, dms_multiaddr_unref)

/* Appends the value of a protocol in its canonical form. @parts begins at the value; the number of parts that
 * it takes is answered, 0 when it is not one. */
static guint
dms_multiaddr_append_value (GString *canonical, const DmsMultiaddrProtocol *protocol, char **parts)
{
  g_autofree char *path = NULL;
  g_autofree char *value = NULL;

  if (protocol->value == DMS_MULTIADDR_VALUE_PATH)
    path = g_strjoinv ("/", parts);
  value = dms_multiaddr_protocol_dup_canonical (protocol, path != NULL ? path : parts[0]);
  if (value == NULL)
    return 0;
  g_string_append_printf (canonical, "/%s", value);
  return path != NULL ? g_strv_length (parts) : 1;
}

/* Appends the canonical form of an address. NULL when it is well formed, else what is wrong with it. */
static char *
dms_multiaddr_find_fault (const char *text, GString *canonical)
{
  g_auto (GStrv) parts = NULL;
  guint n = 0;

  if (strnlen (text, DMS_MULTIADDR_MAX_LENGTH + 1) > DMS_MULTIADDR_MAX_LENGTH)
    return g_strdup ("it is too long");
  if (text[0] != '/' || text[1] == '\0')
    return g_strdup ("it must begin with / and a protocol, as in /ip4/127.0.0.1/tcp/9000");
  parts = g_strsplit (text + 1, "/", -1);
  n = g_strv_length (parts);
  if (n > DMS_MULTIADDR_MAX_PARTS)
    return g_strdup ("it has too many parts");

  for (guint i = 0; i < n;)
    {
      const DmsMultiaddrProtocol *protocol = dms_multiaddr_protocol_find (parts[i], strlen (parts[i]));
      guint n_taken = 0;

      if (protocol == NULL)
        return g_strdup_printf ("“%s” is not a known protocol", parts[i]);
      /* Of the names of one code, the first. */
      g_string_append_printf (canonical, "/%s", dms_multiaddr_protocol_find_code (protocol->code)->name);
      i++;
      if (protocol->value == DMS_MULTIADDR_VALUE_NONE)
        continue;
      if (i >= n)
        return g_strdup_printf ("“%s” needs a value", protocol->name);
      n_taken = dms_multiaddr_append_value (canonical, protocol, parts + i);
      if (n_taken == 0)
        return g_strdup_printf ("“%s” is not a valid value of “%s”", parts[i], protocol->name);
      i += n_taken;
    }
  return canonical->len > DMS_MULTIADDR_MAX_LENGTH ? g_strdup ("it is too long") : NULL;
}

/* @text: canonical. */
static DmsMultiaddr *
dms_multiaddr_take (char *text)
{
  DmsMultiaddr *self = g_atomic_rc_box_new0 (DmsMultiaddr);

  /* Without the room in which it was put together: many are kept for long. */
  self->text = g_realloc (text, strlen (text) + 1);
  return self;
}

/**
 * dms_multiaddr_new:
 * @text: the address, such as `/ip4/192.0.2.1/udp/9000/quic-v1/p2p/12D3KooW…`
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Reads a multiaddr and checks its syntax. What has several forms gets the one that is written: `/ipfs/`
 * becomes `/p2p/`, peer IDs become base58btc and hashes of certificates base64url; a trailing slash is
 * dropped.
 *
 * Returns: (transfer full) (nullable): the address
 */
DmsMultiaddr *
dms_multiaddr_new (const char *text, GError **error)
{
  g_autofree char *copy = NULL;
  g_autofree char *fault = NULL;
  g_autoptr (GString) canonical = g_string_new (NULL);
  gsize length = 0;

  g_return_val_if_fail (text != NULL, NULL);

  copy = g_utf8_make_valid (text, (gssize) strnlen (text, DMS_MULTIADDR_MAX_LENGTH + 2));
  length = strlen (copy);
  if (length > 1 && copy[length - 1] == '/')
    copy[length - 1] = '\0';
  fault = dms_multiaddr_find_fault (copy, canonical);
  if (fault != NULL)
    {
      g_autofree char *shown = g_utf8_make_valid (copy, (gssize) MIN (length, 200));

      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "“%s” is not a multiaddr: %s", shown, fault);
      return NULL;
    }
  return dms_multiaddr_take (g_string_free (g_steal_pointer (&canonical), FALSE));
}

/* Answers how many parts of the text this is. */
static guint
dms_multiaddr_append_part (GString *text, const DmsMultiaddrProtocol *protocol, const char *value)
{
  guint n = 1;

  g_string_append_printf (text, "/%s", protocol->name);
  if (value == NULL)
    return n;
  g_string_append_printf (text, "/%s", value);
  n++;
  /* Only a path has slashes. */
  for (const char *slash = strchr (value, '/'); slash != NULL; slash = strchr (slash + 1, '/'))
    n++;
  return n;
}

/**
 * dms_multiaddr_new_from_bytes:
 * @bytes: an address in its binary form, as protocols send it
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Reads the binary form of a multiaddr (multiformats/multiaddr, "Encoding"). An address that goes through a
 * protocol that is not known is refused: where it ends cannot be said.
 *
 * Returns: (transfer full) (nullable): the address
 */
DmsMultiaddr *
dms_multiaddr_new_from_bytes (GBytes *bytes, GError **error)
{
  gsize size = 0;
  const guint8 *data = NULL;
  g_autoptr (GString) text = g_string_new (NULL);
  guint n_parts = 0;
  gboolean is_good = FALSE;

  g_return_val_if_fail (bytes != NULL, NULL);

  data = g_bytes_get_data (bytes, &size);
  is_good = size > 0 && size <= DMS_MULTIADDR_MAX_LENGTH;
  while (is_good && size > 0)
    {
      g_autofree char *value = NULL;
      const DmsMultiaddrProtocol *protocol = dms_multiaddr_protocol_take (&data, &size, &value);

      is_good = protocol != NULL;
      if (is_good)
        n_parts += dms_multiaddr_append_part (text, protocol, value);
      /* In text, all that follows a path would be part of it. */
      if (is_good && protocol->value == DMS_MULTIADDR_VALUE_PATH)
        is_good = size == 0;
    }
  if (!is_good || text->len > DMS_MULTIADDR_MAX_LENGTH || n_parts > DMS_MULTIADDR_MAX_PARTS)
    {
      g_set_error_literal (error,
                           DMS_ERROR,
                           DMS_ERROR_INVALID_DATA,
                           "these bytes are not a multiaddr of known protocols, or it is too long");
      return NULL;
    }
  /* Written here, in the canonical form. */
  return dms_multiaddr_take (g_string_free (g_steal_pointer (&text), FALSE));
}

/* (transfer full) (nullable) */
static GBytes *
dms_multiaddr_encode (DmsMultiaddr *self)
{
  g_autoptr (GByteArray) out = g_byte_array_new ();

  for (guint i = 0;; i++)
    {
      g_autofree char *value = NULL;
      g_autofree char *name = dms_multiaddr_dup_part (self, i, &value);

      if (name == NULL)
        break;
      if (!dms_multiaddr_protocol_write (dms_multiaddr_protocol_find (name, strlen (name)), value, out))
        return NULL;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&out));
}

/**
 * dms_multiaddr_dup_bytes:
 * @self: an address
 *
 * Returns: (transfer full) (nullable): the binary form of the address (multiformats/multiaddr, "Encoding");
 *   %NULL for a `/memory/` address whose name is not a number, which means nothing outside of this process
 */
GBytes *
dms_multiaddr_dup_bytes (DmsMultiaddr *self)
{
  GBytes *bytes = g_atomic_pointer_get (&self->bytes);

  if (bytes != NULL)
    return g_bytes_ref (bytes);
  bytes = dms_multiaddr_encode (self);
  if (bytes != NULL && g_atomic_pointer_compare_and_exchange (&self->bytes, NULL, bytes))
    g_bytes_ref (bytes);
  return bytes;
}

/**
 * dms_multiaddr_get_text:
 * @self: an address
 *
 * Returns: (transfer none): its text
 */
const char *
dms_multiaddr_get_text (DmsMultiaddr *self)
{
  return self->text;
}

/**
 * dms_multiaddr_new_from_json:
 * @node: (nullable): a text
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the address
 */
DmsMultiaddr *
dms_multiaddr_new_from_json (JsonNode *node, GError **error)
{
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
    {
      g_set_error_literal (error, DMS_ERROR, DMS_ERROR_INVALID_DATA, "multiaddr: must be a text");
      return NULL;
    }
  return dms_multiaddr_new (json_node_get_string (node), error);
}

/**
 * dms_multiaddr_to_json:
 * @self: an address
 *
 * Returns: (transfer full): its text
 */
JsonNode *
dms_multiaddr_to_json (DmsMultiaddr *self)
{
  return json_node_init_string (json_node_alloc (), self->text);
}

/**
 * dms_multiaddr_ref:
 * @self: an address
 *
 * Returns: (transfer full): @self
 */
DmsMultiaddr *
dms_multiaddr_ref (DmsMultiaddr *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_multiaddr_clear (gpointer data)
{
  DmsMultiaddr *self = data;

  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_free (self->text);
}

/**
 * dms_multiaddr_unref:
 * @self: (transfer full): an address
 *
 * Gives up a reference.
 */
void
dms_multiaddr_unref (DmsMultiaddr *self)
{
  g_atomic_rc_box_release_full (self, dms_multiaddr_clear);
}

/**
 * dms_multiaddr_equal:
 * @a: an address
 * @b: another
 *
 * Returns: whether both have the same text
 */
gboolean
dms_multiaddr_equal (DmsMultiaddr *a, DmsMultiaddr *b)
{
  return strcmp (a->text, b->text) == 0;
}

/**
 * dms_multiaddr_hash:
 * @self: an address
 *
 * Returns: a hash that goes with dms_multiaddr_equal()
 */
guint
dms_multiaddr_hash (DmsMultiaddr *self)
{
  return g_str_hash (self->text);
}

/* Goes to the next part: its name, and its value if it has one. Both begin behind a slash. */
static gboolean
dms_multiaddr_next (const char **cursor,
                    const char **name,
                    gsize *name_length,
                    const char **value,
                    gsize *value_length)
{
  const char *p = *cursor;
  const DmsMultiaddrProtocol *protocol = NULL;

  if (*p != '/')
    return FALSE;
  *name = ++p;
  *name_length = strcspn (p, "/");
  p += *name_length;
  *value = NULL;
  *value_length = 0;
  protocol = dms_multiaddr_protocol_find (*name, *name_length);
  if (protocol != NULL && protocol->value != DMS_MULTIADDR_VALUE_NONE && *p == '/')
    {
      *value = ++p;
      *value_length = protocol->value == DMS_MULTIADDR_VALUE_PATH ? strlen (p) : strcspn (p, "/");
      p += *value_length;
    }
  *cursor = p;
  return TRUE;
}

/**
 * dms_multiaddr_get_n_parts:
 * @self: an address
 *
 * Returns: of how many protocols it is made
 */
guint
dms_multiaddr_get_n_parts (DmsMultiaddr *self)
{
  const char *cursor = self->text;
  const char *name = NULL;
  const char *value = NULL;
  gsize name_length = 0;
  gsize value_length = 0;
  guint n = 0;

  while (dms_multiaddr_next (&cursor, &name, &name_length, &value, &value_length))
    n++;
  return n;
}

/**
 * dms_multiaddr_dup_part:
 * @self: an address
 * @i: which part, from 0
 * @value: (out) (optional) (nullable): its value; %NULL for a protocol without one
 *
 * Takes one protocol out of an address.
 *
 * Returns: (transfer full) (nullable): the protocol's name, such as `ip4`; %NULL when there is no such part
 */
char *
dms_multiaddr_dup_part (DmsMultiaddr *self, guint i, char **value)
{
  const char *cursor = self->text;
  const char *name = NULL;
  const char *text = NULL;
  gsize name_length = 0;
  gsize text_length = 0;

  if (value != NULL)
    *value = NULL;
  for (guint n = 0; dms_multiaddr_next (&cursor, &name, &name_length, &text, &text_length); n++)
    {
      if (n < i)
        continue;
      if (value != NULL && text != NULL)
        *value = g_strndup (text, text_length);
      return g_strndup (name, name_length);
    }
  return NULL;
}

/**
 * dms_multiaddr_has_part:
 * @self: an address
 * @name: a protocol, such as `quic-v1`
 *
 * Returns: whether the address goes through it
 */
gboolean
dms_multiaddr_has_part (DmsMultiaddr *self, const char *name)
{
  const char *cursor = self->text;
  const char *part = NULL;
  const char *value = NULL;
  gsize part_length = 0;
  gsize value_length = 0;

  while (dms_multiaddr_next (&cursor, &part, &part_length, &value, &value_length))
    if (part_length == strlen (name) && memcmp (part, name, part_length) == 0)
      return TRUE;
  return FALSE;
}

/**
 * dms_multiaddr_dup_value:
 * @self: an address
 * @name: a protocol, such as `tcp`
 *
 * Returns: (transfer full) (nullable): the value of the last part of that protocol; %NULL when there is none
 */
char *
dms_multiaddr_dup_value (DmsMultiaddr *self, const char *name)
{
  const char *cursor = self->text;
  const char *part = NULL;
  const char *value = NULL;
  gsize part_length = 0;
  gsize value_length = 0;
  char *found = NULL;

  while (dms_multiaddr_next (&cursor, &part, &part_length, &value, &value_length))
    if (value != NULL && part_length == strlen (name) && memcmp (part, name, part_length) == 0)
      {
        g_free (found);
        found = g_strndup (value, value_length);
      }
  return found;
}

/**
 * dms_multiaddr_append:
 * @self: an address
 * @suffix: what comes behind it, such as `/p2p-circuit`
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the longer address
 */
DmsMultiaddr *
dms_multiaddr_append (DmsMultiaddr *self, const char *suffix, GError **error)
{
  g_autofree char *text = g_strconcat (self->text, suffix, NULL);

  return dms_multiaddr_new (text, error);
}

/**
 * dms_multiaddr_append_peer_id:
 * @self: an address
 * @peer: who is there
 *
 * Returns: (transfer full): the address with `/p2p/` and the peer behind it, unless it ends so already
 */
DmsMultiaddr *
dms_multiaddr_append_peer_id (DmsMultiaddr *self, DmsPeerId *peer)
{
  g_autofree char *suffix = g_strconcat ("/p2p/", dms_peer_id_get_text (peer), NULL);
  DmsMultiaddr *longer = NULL;

  if (!g_str_has_suffix (self->text, suffix))
    longer = dms_multiaddr_append (self, suffix, NULL);
  /* An address as long as can be stays as it is. */
  return longer != NULL ? longer : dms_multiaddr_ref (self);
}

/* Where the last part begins, if it is a peer ID. */
static const char *
dms_multiaddr_find_last_peer (DmsMultiaddr *self)
{
  const char *cursor = self->text;
  const char *part = NULL;
  const char *value = NULL;
  gsize part_length = 0;
  gsize value_length = 0;
  const char *last = NULL;

  while (dms_multiaddr_next (&cursor, &part, &part_length, &value, &value_length))
    last = value != NULL && strncmp (part, "p2p/", 4) == 0 ? part : NULL;
  return last;
}

/**
 * dms_multiaddr_dup_peer_id:
 * @self: an address
 *
 * Returns: (transfer full) (nullable): who is there, when the address ends in a peer ID
 */
DmsPeerId *
dms_multiaddr_dup_peer_id (DmsMultiaddr *self)
{
  const char *last = dms_multiaddr_find_last_peer (self);

  return last != NULL ? dms_peer_id_new (strchr (last, '/') + 1, NULL) : NULL;
}

/**
 * dms_multiaddr_dup_without_peer_id:
 * @self: an address
 *
 * Returns: (transfer full) (nullable): the address without the peer ID it ends in; %NULL when nothing is left
 */
DmsMultiaddr *
dms_multiaddr_dup_without_peer_id (DmsMultiaddr *self)
{
  const char *last = dms_multiaddr_find_last_peer (self);
  g_autofree char *text = NULL;

  if (last == NULL)
    return dms_multiaddr_ref (self);
  if (last - 1 == self->text)
    return NULL;
  text = g_strndup (self->text, (gsize) (last - 1 - self->text));
  return dms_multiaddr_new (text, NULL);
}

/**
 * dms_multiaddr_new_for_socket_address:
 * @address: an IP address and a port
 * @transport: what comes behind the IP address: `tcp` or `udp`
 *
 * Returns: (transfer full): such as `/ip4/192.0.2.1/tcp/9000`
 */
DmsMultiaddr *
dms_multiaddr_new_for_socket_address (GInetSocketAddress *address, const char *transport)
{
  GInetAddress *ip = g_inet_socket_address_get_address (address);
  g_autofree char *host = g_inet_address_to_string (ip);
  g_autofree char *text = NULL;
  DmsMultiaddr *self = NULL;

  /* Scope IDs of link-local addresses mean something on one machine only. */
  host[strcspn (host, "%")] = '\0';
  text = g_strdup_printf ("/%s/%s/%s/%u",
                          g_inet_address_get_family (ip) == G_SOCKET_FAMILY_IPV6 ? "ip6" : "ip4",
                          host,
                          transport,
                          g_inet_socket_address_get_port (address));
  self = dms_multiaddr_new (text, NULL);
  g_assert (self != NULL);
  return self;
}

/**
 * dms_multiaddr_dup_socket_address:
 * @self: an address
 *
 * Returns: (transfer full) (nullable): the IP address and port it begins with; %NULL when it begins otherwise
 */
GInetSocketAddress *
dms_multiaddr_dup_socket_address (DmsMultiaddr *self)
{
  g_autofree char *host = NULL;
  g_autofree char *port = NULL;
  g_autofree char *first = dms_multiaddr_dup_part (self, 0, &host);
  g_autofree char *second = dms_multiaddr_dup_part (self, 1, &port);

  if (second == NULL || (strcmp (first, "ip4") != 0 && strcmp (first, "ip6") != 0) ||
      (strcmp (second, "tcp") != 0 && strcmp (second, "udp") != 0))
    return NULL;
  return G_INET_SOCKET_ADDRESS (
      g_inet_socket_address_new_from_string (host, (guint) g_ascii_strtoull (port, NULL, 10)));
}
