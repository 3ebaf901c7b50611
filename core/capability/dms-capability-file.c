/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* The file of a context (files-and-config.md section 3). */

#include "capability/dms-capability-context-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "capability/dms-token-list-private.h"
#include "common/dms-file-lock.h"
#include "common/dms-file.h"
#include "identity/dms-did-wire.h"
#include "identity/dms-key-signer.h"

#define MAX_FILE_SIZE (8 * 1024 * 1024)
#define MAX_ROOTS 4096
#define LOCK_WAIT_MS 10000

static void
read_roots (DmsWireReader *reader, GPtrArray *roots)
{
  if (!dms_wire_reader_enter_array (reader))
    return;
  while (dms_wire_reader_next_element (reader))
    {
      g_autoptr (DmsDid) did = dms_did_wire_read (reader);

      if (roots->len >= MAX_ROOTS)
        dms_wire_reader_fail (reader, "more than %d roots", MAX_ROOTS);
      else if (!dms_did_is_empty (did))
        g_ptr_array_add (roots, g_steal_pointer (&did));
    }
}

static void
read_tokens (DmsWireReader *reader, GPtrArray *tokens)
{
  g_autoptr (DmsTokenList) list = dms_token_list_read (reader, NULL);

  for (guint i = 0; i < dms_token_list_get_size (list); i++)
    g_ptr_array_add (tokens, dms_token_ref (dms_token_list_get (list, i)));
}

static void
read_file (DmsWireReader *reader, DmsCapabilityContext *self)
{
  static const char * const names[] = { "did", "roots", "require", "provide", "revoke", NULL };
  GPtrArray *lists[] = { self->require, self->provide, self->revoke };
  int name;

  if (!dms_wire_reader_enter_object (reader))
    return;
  while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
    {
      if (name == 0)
        self->did = dms_did_wire_read (reader);
      else if (name == 1)
        read_roots (reader, self->roots);
      else
        read_tokens (reader, lists[name - 2]);
    }
}

static gboolean
check_owner (DmsCapabilityContext *self, const char *where, GError **error)
{
  DmsDid *expected = self->signer != NULL ? dms_signer_get_did (self->signer) : NULL;

  if (self->did == NULL || dms_did_is_empty (self->did))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_CORRUPT,
                   "cannot read the capabilities in “%s”: they name no owner; restore an older version",
                   where);
      return FALSE;
    }
  if (expected == NULL || dms_did_equal (self->did, expected))
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE,
               "the capabilities in “%s” belong to “%s” and not to the key of this context, “%s”; "
               "make new ones with: nunet cap new",
               where, dms_did_get_uri (self->did), dms_did_get_uri (expected));
  return FALSE;
}

static DmsCapabilityContext *
parse (const char *data, gsize size, const char *where, DmsKey *key, gboolean whole, GError **error)
{
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (data, size, MAX_FILE_SIZE, "file");
  g_autoptr (DmsCapabilityContext) self = g_object_new (DMS_TYPE_CAPABILITY_CONTEXT, NULL);
  g_autoptr (GError) local = NULL;

  self->keeps_expired = whole;
  self->signer = key != NULL ? dms_key_signer_new (key) : NULL;
  read_file (reader, self);
  if (!dms_wire_reader_finish (reader, &local))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_CORRUPT,
                   "cannot read the capabilities in “%s”: %s; restore an older version", where,
                   local->message);
      return NULL;
    }
  if (!check_owner (self, where, error))
    return NULL;
  dms_capability_context_sweep (self);
  return g_steal_pointer (&self);
}

/**
 * dms_capability_context_new_from_data:
 * @where: names the file in messages
 * @key: (nullable): the key the context must belong to
 *
 * Returns: (transfer full): the context, or NULL with DMS_ERROR_CORRUPT or DMS_ERROR_WRONG_STATE
 */
DmsCapabilityContext *
dms_capability_context_new_from_data (const char *data, gsize size, const char *where, DmsKey *key,
                                      GError **error)
{
  return parse (data, size, where, key, FALSE, error);
}

DmsCapabilityContext *
dms_capability_context_load (const char *path, DmsKey *key, GError **error)
{
  g_autoptr (GBytes) content = dms_file_read (path, MAX_FILE_SIZE, error);

  if (content == NULL)
    return NULL;
  return dms_capability_context_new_from_data (g_bytes_get_data (content, NULL), g_bytes_get_size (content),
                                               path,
                                               key, error);
}

DmsCapabilityContext *
dms_capability_context_load_whole (const char *path, GError **error)
{
  g_autoptr (GBytes) content = dms_file_read (path, MAX_FILE_SIZE, error);

  if (content == NULL)
    return NULL;
  return parse (g_bytes_get_data (content, NULL), g_bytes_get_size (content), path, NULL, TRUE, error);
}

static void
swap_arrays (GPtrArray **a, GPtrArray **b)
{
  GPtrArray *kept = *a;

  *a = *b;
  *b = kept;
}

gboolean
dms_capability_context_reload (DmsCapabilityContext *self, const char *path, GError **error)
{
  g_autoptr (DmsCapabilityContext) fresh = dms_capability_context_load (path, NULL, error);

  if (fresh == NULL)
    return FALSE;
  if (!dms_did_equal (fresh->did, self->did))
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_WRONG_STATE, "the capabilities in “%s” belong to “%s” now",
                   path,
                   dms_did_get_uri (fresh->did));
      return FALSE;
    }
  swap_arrays (&self->roots, &fresh->roots);
  swap_arrays (&self->require, &fresh->require);
  swap_arrays (&self->provide, &fresh->provide);
  swap_arrays (&self->revoke, &fresh->revoke);
  dms_capability_context_sweep (self);
  return TRUE;
}

static void
write_tokens (DmsWireWriter *writer, const char *name, GPtrArray *tokens)
{
  g_autoptr (DmsTokenList) list = dms_token_list_new (tokens);

  dms_token_list_write (list, writer, name);
}

/**
 * dms_capability_context_to_string:
 *
 * Returns: (transfer full): the content of the file: one line of JSON, with its end
 */
char *
dms_capability_context_to_string (DmsCapabilityContext *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();
  g_autofree char *line = NULL;

  dms_capability_context_look (self);
  dms_wire_writer_begin_object (writer, NULL);
  dms_did_wire_write (self->did, writer, "did");
  dms_wire_writer_begin_array (writer, "roots");
  for (guint i = 0; i < self->roots->len; i++)
    dms_did_wire_write (g_ptr_array_index (self->roots, i), writer, NULL);
  dms_wire_writer_end_array (writer);
  write_tokens (writer, "require", self->require);
  write_tokens (writer, "provide", self->provide);
  write_tokens (writer, "revoke", self->revoke);
  dms_wire_writer_end_object (writer);
  line = dms_wire_writer_end_string (writer);
  return g_strconcat (line, "\n", NULL);
}

/* Gives the previous version its second name, so that there is never a moment without the file. */
static gboolean
keep_previous (const char *path, GError **error)
{
  g_autofree char *kept = g_strdup_printf ("%s.%" G_GINT64_FORMAT, path, g_get_real_time () / G_USEC_PER_SEC);

  g_unlink (kept);
  if (link (path, kept) == 0 || errno == ENOENT)
    return TRUE;
  if (errno != EEXIST && g_rename (path, kept) == 0)
    return TRUE;
  g_set_error (error, DMS_ERROR, DMS_ERROR_IO, "cannot keep the previous version of “%s” as “%s”: %s", path,
               kept,
               g_strerror (errno));
  return FALSE;
}

gboolean
dms_capability_file_replace (const char *path, const char *text, gboolean keep, GError **error)
{
  g_autoptr (GBytes) before = dms_file_read (path, MAX_FILE_SIZE, NULL);
  gsize size = strlen (text);

  if (before != NULL && g_bytes_get_size (before) == size
      && memcmp (g_bytes_get_data (before, NULL), text, size) == 0)
    return TRUE;

  return (!keep || keep_previous (path, error)) && dms_file_write_private (path, text, size, error);
}

static gboolean
replace (DmsCapabilityContext *self, const char *path, GError **error)
{
  g_autofree char *text = dms_capability_context_to_string (self);

  return dms_capability_file_replace (path, text, TRUE, error);
}

gboolean
dms_capability_context_save (DmsCapabilityContext *self, const char *path, GError **error)
{
  g_autoptr (DmsFileLock) lock = dms_file_lock_new (path, LOCK_WAIT_MS, error);

  return lock != NULL && replace (self, path, error);
}

gboolean
dms_capability_context_edit (const char *path, DmsKey *key, DmsCapabilityEdit edit, gpointer user_data,
                             GError **error)
{
  g_autoptr (DmsFileLock) lock = dms_file_lock_new (path, LOCK_WAIT_MS, error);
  g_autoptr (DmsCapabilityContext) context = NULL;

  if (lock == NULL)
    return FALSE;

  context = dms_capability_context_load (path, key, error);
  return context != NULL && edit (context, user_data, error) && replace (context, path, error);
}
