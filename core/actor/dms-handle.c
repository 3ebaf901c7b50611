/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-handle.h"

#include <string.h>

#include "identity/dms-base32.h"
#include "identity/dms-did-wire.h"

#define MAX_SIZE (64 * 1024)

struct _DmsHandle
{
  char *id;
  DmsDid *did;
  char *host;
  char *inbox;
};

G_DEFINE_BOXED_TYPE (DmsHandle, dms_handle, dms_handle_ref, dms_handle_unref)

/* Takes everything. */
static DmsHandle *
new_taking (char *id, DmsDid *did, char *host, char *inbox)
{
  DmsHandle *self = g_atomic_rc_box_new0 (DmsHandle);

  self->id = id != NULL ? id : g_strdup ("");
  self->did = did != NULL ? did : dms_did_new_empty ();
  self->host = host != NULL ? host : g_strdup ("");
  self->inbox = inbox != NULL ? inbox : g_strdup ("");
  return self;
}

DmsHandle *
dms_handle_new (const char *id, DmsDid *did, const char *host, const char *inbox)
{
  return new_taking (g_strdup (id), did != NULL ? dms_did_ref (did) : NULL, g_strdup (host),
                     g_strdup (inbox));
}

DmsHandle *
dms_handle_new_for_key (DmsKey *key, DmsDid *did, DmsPeerId *host, const char *inbox)
{
  return new_taking (dms_key_dup_id_pub (key), dms_did_ref (did), g_strdup (dms_peer_id_get_text (host)),
                     g_strdup (inbox));
}

DmsHandle *
dms_handle_new_for_peer (DmsPeerId *peer, const char *inbox)
{
  guint8 public_key[32];

  if (!dms_peer_id_get_ed25519 (peer, public_key))
    return NULL;
  return new_taking (dms_base32_encode_id (public_key), dms_did_new_for_ed25519 (public_key),
                     g_strdup (dms_peer_id_get_text (peer)), g_strdup (inbox));
}

DmsHandle *
dms_handle_new_empty (void)
{
  return new_taking (NULL, NULL, NULL, NULL);
}

DmsHandle *
dms_handle_ref (DmsHandle *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_handle (gpointer data)
{
  DmsHandle *self = data;

  g_free (self->id);
  dms_did_unref (self->did);
  g_free (self->host);
  g_free (self->inbox);
}

void
dms_handle_unref (DmsHandle *self)
{
  g_atomic_rc_box_release_full (self, clear_handle);
}

gboolean
dms_handle_equal (DmsHandle *a, DmsHandle *b)
{
  return a == b
         || (strcmp (a->id, b->id) == 0 && dms_did_equal (a->did, b->did) && strcmp (a->host, b->host) == 0
             && strcmp (a->inbox, b->inbox) == 0);
}

guint
dms_handle_hash (DmsHandle *self)
{
  return g_str_hash (self->id) ^ g_str_hash (self->inbox) * 31;
}

const char *
dms_handle_get_id (DmsHandle *self)
{
  return self->id;
}

DmsDid *
dms_handle_get_did (DmsHandle *self)
{
  return self->did;
}

const char *
dms_handle_get_host (DmsHandle *self)
{
  return self->host;
}

const char *
dms_handle_get_inbox (DmsHandle *self)
{
  return self->inbox;
}

gsize
dms_handle_get_text_size (DmsHandle *self)
{
  return strlen (self->id) + strlen (dms_did_get_uri (self->did)) + strlen (self->host)
         + strlen (self->inbox);
}

gboolean
dms_handle_is_empty (DmsHandle *self)
{
  return *self->id == '\0' && dms_did_is_empty (self->did) && *self->host == '\0' && *self->inbox == '\0';
}

gboolean
dms_handle_get_ed25519 (DmsHandle *self, guint8 public_key[32])
{
  return dms_base32_decode_id (self->id, public_key);
}

void
dms_handle_write (DmsHandle *self, DmsWireWriter *writer, const char *name)
{
  dms_wire_writer_begin_object (writer, name);
  dms_wire_writer_begin_object (writer, "id");
  dms_wire_writer_add_string (writer, "pub", self->id);
  dms_wire_writer_end_object (writer);
  dms_did_wire_write (self->did, writer, "did");
  dms_wire_writer_begin_object (writer, "addr");
  if (*self->host != '\0')
    dms_wire_writer_add_string (writer, "host", self->host);
  if (*self->inbox != '\0')
    dms_wire_writer_add_string (writer, "inbox", self->inbox);
  dms_wire_writer_end_object (writer);
  dms_wire_writer_end_object (writer);
}

static char *
read_id (DmsWireReader *reader)
{
  static const char * const names[] = { "pub", NULL };
  g_autofree char *id = NULL;

  if (dms_wire_reader_enter_object (reader))
    while (dms_wire_reader_next_member (reader, names) >= 0)
      id = dms_wire_reader_read_string (reader);
  return g_steal_pointer (&id);
}

static void
read_address (DmsWireReader *reader, char **host, char **inbox)
{
  static const char * const names[] = { "host", "inbox", NULL };
  int name;

  if (!dms_wire_reader_enter_object (reader))
    return;
  while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
    *(name == 0 ? host : inbox) = dms_wire_reader_read_string (reader);
}

/**
 * dms_handle_read:
 *
 * Returns: (transfer full): the handle at this place; never NULL, but not to be used after an error
 */
DmsHandle *
dms_handle_read (DmsWireReader *reader)
{
  static const char * const names[] = { "id", "did", "addr", NULL };
  g_autofree char *id = NULL;
  g_autofree char *host = NULL;
  g_autofree char *inbox = NULL;
  g_autoptr (DmsDid) did = NULL;
  int name;

  if (dms_wire_reader_enter_object (reader))
    while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
      {
        if (name == 0)
          id = read_id (reader);
        else if (name == 1)
          did = dms_did_wire_read (reader);
        else
          read_address (reader, &host, &inbox);
      }
  return new_taking (g_steal_pointer (&id), g_steal_pointer (&did), g_steal_pointer (&host),
                     g_steal_pointer (&inbox));
}

DmsHandle *
dms_handle_new_from_data (const char *data, gsize size, GError **error)
{
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (data, size, MAX_SIZE, "actor handle");
  g_autoptr (DmsHandle) self = NULL;

  if (dms_wire_reader_is_null (reader))
    dms_wire_reader_fail (reader, "there is none");
  self = dms_handle_read (reader);
  return dms_wire_reader_finish (reader, error) ? g_steal_pointer (&self) : NULL;
}

DmsHandle *
dms_handle_new_from_json (JsonNode *node, GError **error)
{
  g_autofree char *text = json_to_string (node, FALSE);

  return dms_handle_new_from_data (text, strlen (text), error);
}

char *
dms_handle_to_string (DmsHandle *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();

  dms_handle_write (self, writer, NULL);
  return dms_wire_writer_end_string (writer);
}

JsonNode *
dms_handle_to_json (DmsHandle *self)
{
  JsonObject *object = json_object_new ();
  JsonObject *id = json_object_new ();
  JsonObject *address = json_object_new ();
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  /* As dms_handle_write() has it. */
  json_object_set_string_member (id, "pub", self->id);
  if (*self->host != '\0')
    json_object_set_string_member (address, "host", self->host);
  if (*self->inbox != '\0')
    json_object_set_string_member (address, "inbox", self->inbox);
  json_object_set_object_member (object, "id", id);
  json_object_set_member (object, "did", dms_did_to_json (self->did));
  json_object_set_object_member (object, "addr", address);
  json_node_take_object (node, object);
  return node;
}
