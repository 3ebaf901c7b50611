/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-did.h"

#include <string.h>

#include "dms-error.h"
#include "values/dms-base58-private.h"
#include "values/dms-value-private.h"

enum
{
  DMS_DID_MAX_LENGTH = 1024,
};

static const guint8 dms_did_ed25519_prefix[] = { 0xed, 0x01 };

/**
 * DmsDid:
 *
 * A decentralised identifier (W3C DID Core). The empty DID means nobody, or anybody. Immutable and counted.
 */
struct _DmsDid
{
  gsize length;
  char uri[];
};

G_DEFINE_BOXED_TYPE (DmsDid, dms_did, dms_did_ref, dms_did_unref)

static DmsDid *
dms_did_copy (const char *uri)
{
  gsize length = strlen (uri);
  DmsDid *self = g_atomic_rc_box_alloc (sizeof *self + length + 1);

  self->length = length;
  memcpy (self->uri, uri, length + 1);
  return self;
}

static gboolean
dms_did_is_valid (const char *uri)
{
  gsize length = strnlen (uri, DMS_DID_MAX_LENGTH + 1);
  const char *method = uri + strlen ("did:");
  const char *id = NULL;

  if (length > DMS_DID_MAX_LENGTH || !g_str_has_prefix (uri, "did:"))
    return FALSE;
  id = strchr (method, ':');
  if (id == NULL || id == method || id[1] == '\0')
    return FALSE;
  for (const char *p = method; p < id; p++)
    if (!g_ascii_islower (*p) && !g_ascii_isdigit (*p))
      return FALSE;
  for (const char *p = id + 1; *p != '\0'; p++)
    if (!g_ascii_isalnum (*p) && strchr (".-_:%", *p) == NULL)
      return FALSE;
  return TRUE;
}

/**
 * dms_did_new:
 * @uri: the text, such as `did:key:z6Mk…`; empty for the empty DID
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Reads a DID. Only its syntax is checked.
 *
 * Returns: (transfer full) (nullable): the DID
 */
DmsDid *
dms_did_new (const char *uri, GError **error)
{
  g_return_val_if_fail (uri != NULL, NULL);

  if (uri[0] != '\0' && !dms_did_is_valid (uri))
    {
      g_autofree char *valid = g_utf8_make_valid (uri, (gssize) strnlen (uri, 80));

      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_DATA,
                   "“%s” is not a DID: it must read did:<method>:<identifier>", valid);
      return NULL;
    }
  return dms_did_copy (uri);
}

/**
 * dms_did_new_empty:
 *
 * Returns: (transfer full): the empty DID, `{}` in JSON
 */
DmsDid *
dms_did_new_empty (void)
{
  return dms_did_copy ("");
}

/**
 * dms_did_new_for_ed25519:
 * @public_key: (array fixed-size=32): a raw Ed25519 public key
 *
 * Makes the `did:key` of a key: multicodec ed25519-pub in base58btc (W3C CCG did:key).
 *
 * Returns: (transfer full): the DID
 */
DmsDid *
dms_did_new_for_ed25519 (const guint8 public_key[32])
{
  guint8 bytes[sizeof dms_did_ed25519_prefix + 32];
  g_autofree char *text = NULL;
  g_autofree char *uri = NULL;

  g_return_val_if_fail (public_key != NULL, NULL);

  memcpy (bytes, dms_did_ed25519_prefix, sizeof dms_did_ed25519_prefix);
  memcpy (bytes + sizeof dms_did_ed25519_prefix, public_key, 32);
  text = dms_base58_encode (bytes, sizeof bytes);
  uri = g_strconcat ("did:key:z", text, NULL);
  return dms_did_copy (uri);
}

/**
 * dms_did_get_uri:
 * @self: a DID
 *
 * Returns: (transfer none): the text; empty for the empty DID
 */
const char *
dms_did_get_uri (DmsDid *self)
{
  return self->uri;
}

/**
 * dms_did_is_empty:
 * @self: a DID
 *
 * Returns: whether this is the empty DID
 */
gboolean
dms_did_is_empty (DmsDid *self)
{
  return self->uri[0] == '\0';
}

/**
 * dms_did_get_ed25519:
 * @self: a DID
 * @public_key: (out caller-allocates) (array fixed-size=32): where the raw key goes
 *
 * Takes the key out of a `did:key` of type Ed25519.
 *
 * Returns: %FALSE for any other DID
 */
gboolean
dms_did_get_ed25519 (DmsDid *self, guint8 public_key[32])
{
  /* Base58btc only (W3C CCG did:key, "Format"): a key has one DID. */
  static const char prefix[] = "did:key:z";
  g_autoptr (GBytes) bytes = NULL;
  const guint8 *data = NULL;
  gsize size = 0;

  if (!g_str_has_prefix (self->uri, prefix))
    return FALSE;
  bytes = dms_base58_decode (self->uri + strlen (prefix));
  if (bytes == NULL)
    return FALSE;
  data = g_bytes_get_data (bytes, &size);
  if (size != sizeof dms_did_ed25519_prefix + 32
      || memcmp (data, dms_did_ed25519_prefix, sizeof dms_did_ed25519_prefix) != 0)
    return FALSE;
  memcpy (public_key, data + sizeof dms_did_ed25519_prefix, 32);
  return TRUE;
}

/**
 * dms_did_hash:
 * @self: a DID
 *
 * Returns: a hash for tables keyed by DIDs; equal DIDs have equal hashes
 */
guint
dms_did_hash (DmsDid *self)
{
  return g_str_hash (self->uri);
}

/**
 * dms_did_new_from_json:
 * @node: (nullable): `{"uri":"did:…"}`, `{}`, or the text alone
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Reads a DID (specification, types §1).
 *
 * Returns: (transfer full) (nullable): the DID
 */
DmsDid *
dms_did_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  const char *uri = NULL;

  if (node != NULL && JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    return dms_did_new (json_node_get_string (node), error);

  dms_value_reader_open (&reader, node, "DID");
  uri = dms_value_reader_get_text (&reader, "uri");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return dms_did_new (uri != NULL ? uri : "", error);
}

/**
 * dms_did_to_json:
 * @self: a DID
 *
 * Returns: (transfer full): `{"uri":"did:…"}`, or `{}` for the empty DID
 */
JsonNode *
dms_did_to_json (DmsDid *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "uri", self->uri);
  return dms_value_take_object (object);
}

/**
 * dms_did_ref:
 * @self: a DID
 *
 * Returns: (transfer full): @self
 */
DmsDid *
dms_did_ref (DmsDid *self)
{
  return g_atomic_rc_box_acquire (self);
}

/**
 * dms_did_unref:
 * @self: (transfer full): a DID
 *
 * Gives up a reference.
 */
void
dms_did_unref (DmsDid *self)
{
  g_atomic_rc_box_release (self);
}

/**
 * dms_did_equal:
 * @a: a DID
 * @b: another
 *
 * Returns: whether both have the same text
 */
gboolean
dms_did_equal (DmsDid *a, DmsDid *b)
{
  return a == b || (a->length == b->length && memcmp (a->uri, b->uri, a->length) == 0);
}
