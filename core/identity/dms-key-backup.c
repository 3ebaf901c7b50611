/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "identity/dms-key-backup.h"

#include <dms.h>
#include <string.h>

#include "common/dms-wire-reader.h"
#include "common/dms-wire-writer.h"
#include "identity/dms-key-file.h"
#include "identity/dms-keystore.h"

#define FORMAT_VERSION 1
#define MAX_CONTEXTS 64
#define MAX_KEY_SIZE (64 * 1024)
#define MAX_CAPABILITIES_SIZE (8 * 1024 * 1024)

typedef struct
{
  char *name;
  GBytes *key;
  GBytes *capabilities;
} Item;

struct _DmsKeyBackup
{
  GPtrArray *items;
};

static void
item_free (Item *item)
{
  g_free (item->name);
  g_clear_pointer (&item->key, g_bytes_unref);
  g_clear_pointer (&item->capabilities, g_bytes_unref);
  g_free (item);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Item, item_free)

DmsKeyBackup *
dms_key_backup_new (void)
{
  DmsKeyBackup *self = g_new0 (DmsKeyBackup, 1);

  self->items = g_ptr_array_new_with_free_func ((GDestroyNotify) item_free);
  return self;
}

void
dms_key_backup_free (DmsKeyBackup *self)
{
  g_ptr_array_unref (self->items);
  g_free (self);
}

static gboolean
has_name (DmsKeyBackup *self, const char *name)
{
  for (guint i = 0; i < self->items->len; i++)
    if (g_str_equal (dms_key_backup_get_name (self, i), name))
      return TRUE;
  return FALSE;
}

/* What keeps these files out of a backup; NULL when nothing does. */
static const char *
find_fault (DmsKeyBackup *self, const char *name, GBytes *key, GBytes *capabilities)
{
  if (self->items->len >= MAX_CONTEXTS)
    return "there are more than 64 contexts";
  if (has_name (self, name))
    return "a context is there twice";
  if (key == NULL && capabilities == NULL)
    return "a context has no file";
  if ((key != NULL && g_bytes_get_size (key) > MAX_KEY_SIZE)
      || (capabilities != NULL && g_bytes_get_size (capabilities) > MAX_CAPABILITIES_SIZE))
    return "a file is too large";
  return NULL;
}

/**
 * dms_key_backup_add:
 *
 * Returns: whether it was added; if not, DMS_ERROR_INVALID_ARGUMENT or DMS_ERROR_CORRUPT
 */
gboolean
dms_key_backup_add (DmsKeyBackup *self, const char *name, GBytes *key, GBytes *capabilities, GError **error)
{
  const char *fault = find_fault (self, name, key, capabilities);
  Item *item;

  if (!dms_keystore_check_name (name, error))
    return FALSE;
  if (fault != NULL)
    {
      g_set_error (error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "this cannot be a backup: %s", fault);
      return FALSE;
    }
  if (key != NULL && !dms_key_file_check (g_bytes_get_data (key, NULL), g_bytes_get_size (key), name, error))
    return FALSE;
  item = g_new0 (Item, 1);
  item->name = g_strdup (name);
  item->key = key != NULL ? g_bytes_ref (key) : NULL;
  item->capabilities = capabilities != NULL ? g_bytes_ref (capabilities) : NULL;
  g_ptr_array_add (self->items, item);
  return TRUE;
}

static void
read_item (DmsWireReader *reader, DmsKeyBackup *self)
{
  static const char * const names[] = { "name", "key", "cap", NULL };
  g_autoptr (Item) item = g_new0 (Item, 1);
  g_autoptr (GError) local = NULL;
  int name;

  if (dms_wire_reader_enter_object (reader))
    while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
      {
        if (name == 0)
          item->name = dms_wire_reader_read_string (reader);
        else
          *(name == 1 ? &item->key : &item->capabilities) = dms_wire_reader_read_bytes (reader);
      }
  if (!dms_wire_reader_has_failed (reader)
      && !dms_key_backup_add (self, item->name != NULL ? item->name : "", item->key, item->capabilities,
                              &local))
    dms_wire_reader_fail (reader, "%s", local->message);
}

static void
read_items (DmsWireReader *reader, DmsKeyBackup *self)
{
  if (dms_wire_reader_enter_array (reader))
    while (dms_wire_reader_next_element (reader))
      read_item (reader, self);
}

static void
read_backup (DmsWireReader *reader, DmsKeyBackup *self)
{
  static const char * const names[] = { "dms-backup", "contexts", NULL };
  guint64 version = 0;
  int name;

  if (dms_wire_reader_enter_object (reader))
    while ((name = dms_wire_reader_next_member (reader, names)) >= 0)
      {
        if (name == 0)
          version = dms_wire_reader_read_uint64 (reader);
        else
          read_items (reader, self);
      }
  if (version != FORMAT_VERSION)
    dms_wire_reader_fail (reader, "it is not a backup of version %d", FORMAT_VERSION);
  if (self->items->len == 0)
    dms_wire_reader_fail (reader, "there is nothing in it");
}

/**
 * dms_key_backup_new_from_bytes:
 *
 * Returns: (transfer full): the backup, or NULL with DMS_ERROR_INVALID_DATA or DMS_ERROR_TOO_LARGE
 */
DmsKeyBackup *
dms_key_backup_new_from_bytes (GBytes *bytes, GError **error)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autoptr (DmsWireReader) reader = dms_wire_reader_new (data != NULL ? data : "", size,
                                                          DMS_KEY_BACKUP_MAX_SIZE, "backup");
  g_autoptr (DmsKeyBackup) self = dms_key_backup_new ();

  read_backup (reader, self);
  return dms_wire_reader_finish (reader, error) ? g_steal_pointer (&self) : NULL;
}

/**
 * dms_key_backup_to_bytes:
 *
 * Returns: (transfer full): the backup in JSON
 */
GBytes *
dms_key_backup_to_bytes (DmsKeyBackup *self)
{
  g_autoptr (DmsWireWriter) writer = dms_wire_writer_new ();

  dms_wire_writer_begin_object (writer, NULL);
  dms_wire_writer_add_uint64 (writer, "dms-backup", FORMAT_VERSION);
  dms_wire_writer_begin_array (writer, "contexts");
  for (guint i = 0; i < self->items->len; i++)
    {
      Item *item = g_ptr_array_index (self->items, i);

      dms_wire_writer_begin_object (writer, NULL);
      dms_wire_writer_add_string (writer, "name", item->name);
      if (item->key != NULL)
        dms_wire_writer_add_bytes (writer, "key", item->key);
      if (item->capabilities != NULL)
        dms_wire_writer_add_bytes (writer, "cap", item->capabilities);
      dms_wire_writer_end_object (writer);
    }
  dms_wire_writer_end_array (writer);
  dms_wire_writer_end_object (writer);
  return dms_wire_writer_end (writer);
}

guint
dms_key_backup_get_size (DmsKeyBackup *self)
{
  return self->items->len;
}

const char *
dms_key_backup_get_name (DmsKeyBackup *self, guint index)
{
  return ((Item *) g_ptr_array_index (self->items, index))->name;
}

GBytes *
dms_key_backup_get_key (DmsKeyBackup *self, guint index)
{
  return ((Item *) g_ptr_array_index (self->items, index))->key;
}

GBytes *
dms_key_backup_get_capabilities (DmsKeyBackup *self, guint index)
{
  return ((Item *) g_ptr_array_index (self->items, index))->capabilities;
}
