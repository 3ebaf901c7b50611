/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-peer-file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "swarm/dms-p2p-address.h"

enum
{
  DMS_P2P_PEER_FILE_VERSION = 1,
  DMS_P2P_PEER_FILE_MAX_ADDRESSES = 16,
  DMS_P2P_PEER_FILE_MAX_ADDRESS = 256,
  DMS_P2P_PEER_FILE_MAX_DEPTH = 8,
  /* No address outlives this, whatever the file says. */
  DMS_P2P_PEER_FILE_MAX_TTL_S = 30 * 24 * 3600,
};

static void
dms_p2p_peer_file_fail (GError **error, const char *what)
{
  g_set_error (error, DMS_ERROR, DMS_ERROR_CORRUPT, "the peers that were kept cannot be read: %s", what);
}

/* Whether nothing but JSON's own letters stands outside of its strings, nested so deep at most: json-glib
 * takes comments and more, and recurses. */
static gboolean
dms_p2p_peer_file_is_flat (const char *text, gsize size)
{
  gboolean in_string = FALSE;
  guint depth = 0;

  for (gsize i = 0; i < size; i++)
    {
      char c = text[i];

      if (in_string)
        {
          in_string = c != '"';
          i += c == '\\' ? 1 : 0;
          continue;
        }
      if (c == '\0' || strchr (" \t\r\n{}[]:,+-.0123456789truefalsn\"E", c) == NULL)
        return FALSE;
      in_string = c == '"';
      if ((c == '{' || c == '[') && ++depth > DMS_P2P_PEER_FILE_MAX_DEPTH)
        return FALSE;
      if ((c == '}' || c == ']') && depth-- == 0)
        return FALSE;
    }
  return !in_string && depth == 0;
}

/* NULL when it is not there or something else. */
static JsonNode *
dms_p2p_peer_file_get (JsonNode *node, const char *member)
{
  return node != NULL && JSON_NODE_HOLDS_OBJECT (node)
             ? json_object_get_member (json_node_get_object (node), member)
             : NULL;
}

static const char *
dms_p2p_peer_file_get_text (JsonNode *node, const char *member)
{
  JsonNode *value = dms_p2p_peer_file_get (node, member);

  return value != NULL && JSON_NODE_HOLDS_VALUE (value) && json_node_get_value_type (value) == G_TYPE_STRING
             ? json_node_get_string (value)
             : NULL;
}

/* Seconds of the file as microseconds, between 0 and @most_us. */
static gint64
dms_p2p_peer_file_get_time (JsonNode *node, const char *member, gint64 most_us)
{
  JsonNode *value = dms_p2p_peer_file_get (node, member);
  gint64 seconds =
      value != NULL && JSON_NODE_HOLDS_VALUE (value) && json_node_get_value_type (value) == G_TYPE_INT64
          ? json_node_get_int (value)
          : 0;

  return CLAMP (seconds, 0, most_us / G_USEC_PER_SEC) * G_USEC_PER_SEC;
}

static gboolean
dms_p2p_peer_file_get_flag (JsonNode *node, const char *member)
{
  JsonNode *value = dms_p2p_peer_file_get (node, member);

  return value != NULL && JSON_NODE_HOLDS_VALUE (value) &&
         json_node_get_value_type (value) == G_TYPE_BOOLEAN && json_node_get_boolean (value);
}

/* What is not worth a place in the file, or would lead this host to itself. */
static gboolean
dms_p2p_peer_file_is_kept (DmsMultiaddr *address)
{
  DmsP2pReach reach = dms_p2p_address_get_reach (address);

  return reach != DMS_P2P_REACH_NONE && reach != DMS_P2P_REACH_LOOPBACK && reach != DMS_P2P_REACH_OTHER &&
         strlen (dms_multiaddr_get_text (address)) <= DMS_P2P_PEER_FILE_MAX_ADDRESS;
}

static gboolean
dms_p2p_peer_file_read_address (DmsP2pPeerRecord *record, JsonNode *node, gint64 now_us, GError **error)
{
  const char *text = dms_p2p_peer_file_get_text (node, "address");
  g_autoptr (DmsMultiaddr) address = text != NULL ? dms_multiaddr_new (text, NULL) : NULL;
  gint64 last_us = now_us + (gint64) DMS_P2P_PEER_FILE_MAX_TTL_S * G_USEC_PER_SEC;
  DmsP2pPeerAddress *known = NULL;

  if (address == NULL)
    {
      dms_p2p_peer_file_fail (error, "an address is not a multiaddr");
      return FALSE;
    }
  if (!dms_p2p_peer_file_is_kept (address))
    return TRUE;
  known = dms_p2p_peer_record_add_address (record, address, dms_p2p_peer_file_get_flag (node, "certified"));
  if (known == NULL)
    return TRUE;
  known->expires_us = dms_p2p_peer_file_get_time (node, "expires", last_us);
  known->connected_us = dms_p2p_peer_file_get_time (node, "connected", now_us);
  record->is_proven |= known->connected_us > 0;
  return TRUE;
}

static DmsP2pPeerRecord *
dms_p2p_peer_file_read_peer (JsonNode *node, gint64 now_us, GError **error)
{
  const char *id = dms_p2p_peer_file_get_text (node, "id");
  g_autoptr (DmsPeerId) peer = id != NULL ? dms_peer_id_new (id, NULL) : NULL;
  JsonNode *addresses = dms_p2p_peer_file_get (node, "addresses");
  g_autoptr (DmsP2pPeerRecord) record = NULL;
  JsonArray *array = NULL;

  if (peer == NULL || addresses == NULL || !JSON_NODE_HOLDS_ARRAY (addresses))
    {
      dms_p2p_peer_file_fail (error, "a peer lacks its ID or its addresses");
      return NULL;
    }
  array = json_node_get_array (addresses);
  if (json_array_get_length (array) > DMS_P2P_PEER_FILE_MAX_ADDRESSES)
    {
      dms_p2p_peer_file_fail (error, "a peer has too many addresses");
      return NULL;
    }
  record = dms_p2p_peer_record_new (peer);
  record->seen_us = dms_p2p_peer_file_get_time (node, "seen", now_us);
  record->touched_us = record->seen_us;
  for (guint i = 0; i < json_array_get_length (array); i++)
    if (!dms_p2p_peer_file_read_address (record, json_array_get_element (array, i), now_us, error))
      return NULL;
  dms_p2p_peer_record_drop_expired (record, now_us);
  return g_steal_pointer (&record);
}

GPtrArray *
dms_p2p_peer_file_parse (const char *text, gsize size, gint64 now_us, GError **error)
{
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func ((GDestroyNotify) dms_p2p_peer_record_free);
  g_autoptr (JsonParser) parser = json_parser_new_immutable ();
  JsonNode *root = NULL;
  JsonNode *peers = NULL;
  JsonNode *version = NULL;
  JsonArray *array = NULL;

  if (size == 0 || size > DMS_P2P_PEER_FILE_MAX_SIZE || !g_utf8_validate_len (text, size, NULL) ||
      !dms_p2p_peer_file_is_flat (text, size) ||
      !json_parser_load_from_data (parser, text, (gssize) size, NULL))
    {
      dms_p2p_peer_file_fail (error, "it is empty, not JSON, or too large");
      return NULL;
    }
  root = json_parser_get_root (parser);
  version = dms_p2p_peer_file_get (root, "version");
  peers = dms_p2p_peer_file_get (root, "peers");
  if (version == NULL || !JSON_NODE_HOLDS_VALUE (version) ||
      json_node_get_value_type (version) != G_TYPE_INT64 ||
      json_node_get_int (version) != DMS_P2P_PEER_FILE_VERSION || peers == NULL ||
      !JSON_NODE_HOLDS_ARRAY (peers))
    {
      dms_p2p_peer_file_fail (error, "it has no peers, or is of another version");
      return NULL;
    }
  array = json_node_get_array (peers);
  if (json_array_get_length (array) > DMS_P2P_PEER_FILE_MAX_PEERS)
    {
      dms_p2p_peer_file_fail (error, "it has too many peers");
      return NULL;
    }
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      DmsP2pPeerRecord *record =
          dms_p2p_peer_file_read_peer (json_array_get_element (array, i), now_us, error);

      if (record == NULL)
        return NULL;
      g_ptr_array_add (records, record);
    }
  return g_steal_pointer (&records);
}

static JsonArray *
dms_p2p_peer_file_list_addresses (DmsP2pPeerRecord *record, gint64 now_us, gboolean *is_proven)
{
  JsonArray *array = json_array_new ();

  *is_proven = FALSE;
  dms_p2p_peer_record_sort (record);
  for (guint i = 0; i < record->addresses->len; i++)
    {
      DmsP2pPeerAddress *known = record->addresses->pdata[i];
      JsonObject *object = NULL;

      if ((known->connected_us == 0 && !known->is_certified) || known->expires_us <= now_us ||
          !dms_p2p_peer_file_is_kept (known->address) ||
          json_array_get_length (array) >= DMS_P2P_PEER_FILE_MAX_ADDRESSES)
        continue;
      object = json_object_new ();
      json_object_set_string_member (object, "address", dms_multiaddr_get_text (known->address));
      json_object_set_int_member (object, "expires", known->expires_us / G_USEC_PER_SEC);
      json_object_set_int_member (object, "connected", known->connected_us / G_USEC_PER_SEC);
      json_object_set_boolean_member (object, "certified", known->is_certified);
      json_array_add_object_element (array, object);
      *is_proven |= known->connected_us > 0;
    }
  return array;
}

static gint
dms_p2p_peer_file_compare (gconstpointer a, gconstpointer b)
{
  const DmsP2pPeerRecord *left = *(DmsP2pPeerRecord *const *) a;
  const DmsP2pPeerRecord *right = *(DmsP2pPeerRecord *const *) b;

  if (left->seen_us != right->seen_us)
    return left->seen_us > right->seen_us ? -1 : 1;
  return strcmp (dms_peer_id_get_text (left->peer), dms_peer_id_get_text (right->peer));
}

char *
dms_p2p_peer_file_build (GPtrArray *records, gint64 now_us)
{
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  g_autoptr (JsonObject) top = json_object_new ();
  JsonArray *peers = json_array_new ();
  g_autoptr (GPtrArray) sorted = g_ptr_array_copy (records, NULL, NULL);

  g_ptr_array_set_free_func (sorted, NULL);
  g_ptr_array_sort (sorted, dms_p2p_peer_file_compare);
  json_object_set_int_member (top, "version", DMS_P2P_PEER_FILE_VERSION);
  json_object_set_array_member (top, "peers", peers);
  for (guint i = 0; i < sorted->len && json_array_get_length (peers) < DMS_P2P_PEER_FILE_MAX_PEERS; i++)
    {
      DmsP2pPeerRecord *record = sorted->pdata[i];
      gboolean is_proven = FALSE;
      g_autoptr (JsonArray) addresses = dms_p2p_peer_file_list_addresses (record, now_us, &is_proven);
      JsonObject *object = NULL;

      if (!is_proven)
        continue;
      object = json_object_new ();
      json_object_set_string_member (object, "id", dms_peer_id_get_text (record->peer));
      json_object_set_int_member (object, "seen", record->seen_us / G_USEC_PER_SEC);
      json_object_set_array_member (object, "addresses", g_steal_pointer (&addresses));
      json_array_add_object_element (peers, object);
    }
  json_node_set_object (root, top);
  return json_to_string (root, FALSE);
}

/* Reads at most @size bytes; NULL with errno. */
static GString *
dms_p2p_peer_file_read (int fd, gsize size)
{
  g_autoptr (GString) text = g_string_sized_new (size);
  char buffer[16384];

  while (text->len < size)
    {
      gssize n = read (fd, buffer, MIN (sizeof buffer, size - text->len));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return NULL;
      if (n == 0)
        break;
      g_string_append_len (text, buffer, n);
    }
  return g_steal_pointer (&text);
}

GPtrArray *
dms_p2p_peer_file_load (const char *path, gint64 now_us, GError **error)
{
  /* Not to wait for a pipe in its place, nor to be led elsewhere. */
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  int saved = errno;
  struct stat status;
  g_autoptr (GString) text = NULL;

  if (fd < 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   saved == ENOENT ? DMS_ERROR_NOT_FOUND : DMS_ERROR_CORRUPT,
                   "%s cannot be opened: %s",
                   path,
                   g_strerror (saved));
      return NULL;
    }
  if (fstat (fd, &status) != 0 || !S_ISREG (status.st_mode) || status.st_size > DMS_P2P_PEER_FILE_MAX_SIZE)
    {
      close (fd);
      dms_p2p_peer_file_fail (error, "it is no plain file, or too large");
      return NULL;
    }
  text = dms_p2p_peer_file_read (fd, (gsize) status.st_size);
  close (fd);
  if (text == NULL)
    {
      dms_p2p_peer_file_fail (error, "reading failed");
      return NULL;
    }
  return dms_p2p_peer_file_parse (text->str, text->len, now_us, error);
}

typedef struct
{
  char *path;
  char *text;
} DmsP2pPeerFileWriting;

static void
dms_p2p_peer_file_writing_free (gpointer data)
{
  DmsP2pPeerFileWriting *writing = data;

  g_free (writing->path);
  g_free (writing->text);
  g_free (writing);
}

/* In a thread: it waits for the disk. */
static void
dms_p2p_peer_file_write (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const DmsP2pPeerFileWriting *writing = data;
  GError *error = NULL;

  if (g_file_set_contents_full (
          writing->path, writing->text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, &error))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  dms_error_adopt (&error, "the known peers cannot be kept in %s", writing->path);
  g_task_return_error (task, error);
}

void
dms_p2p_peer_file_write_async (const char *path,
                               char *text,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  DmsP2pPeerFileWriting *writing = g_new0 (DmsP2pPeerFileWriting, 1);

  g_task_set_source_tag (task, dms_p2p_peer_file_write_async);
  writing->path = g_strdup (path);
  writing->text = text;
  g_task_set_task_data (task, writing, dms_p2p_peer_file_writing_free);
  g_task_run_in_thread (task, dms_p2p_peer_file_write);
}

gboolean
dms_p2p_peer_file_write_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
