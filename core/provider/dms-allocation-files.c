/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-allocation-files.h"

#include "jobs/dms-task-flow.h"
#include "provider/dms-allocation-run.h"

#include <string.h>

typedef struct
{
  GStrv paths;
  guint next;
  gsize total;
  JsonObject *files;
} Reading;

static void read_next (GTask *task);

static void
reading_free (gpointer data)
{
  Reading *self = data;

  g_strfreev (self->paths);
  json_object_unref (self->files);
  g_free (self);
}

/* The end of a file may begin within a letter. */
static const char *
skip_rest_of_letter (const char *data, gsize *size)
{
  while (*size > 0 && ((guint8) *data & 0xc0) == 0x80)
    {
      data++;
      (*size)--;
    }
  return data;
}

static gboolean
is_text (const char *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    {
      if (g_ascii_iscntrl (data[i]) && data[i] != '\n' && data[i] != '\r' && data[i] != '\t')
        return FALSE;
    }
  return g_utf8_validate (data, (gssize) size, NULL);
}

/* (transfer full): NULL with *why. */
static char *
take_text (Reading *self, GBytes *bytes, char **why)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  if (size > DMS_ALLOCATION_RUN_MAX_CAPTURE)
    data = skip_rest_of_letter (data, &size);
  if (size > DMS_TASK_FLOW_MAX_FILE_BYTES - self->total)
    *why = g_strdup_printf ("the files that the run hands on have more than %d bytes together",
                            DMS_TASK_FLOW_MAX_FILE_BYTES);
  else if (size > 0 && !is_text (data, size))
    *why = g_strdup ("it is no text in UTF-8, or has control characters");
  if (*why != NULL)
    return NULL;
  self->total += size;
  return g_strndup (size > 0 ? data : "", size);
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Reading *self = g_task_get_task_data (task);
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = dms_execution_read_file_finish (DMS_EXECUTION (source), result, &error);
  JsonObject *file = json_object_new ();
  g_autofree char *why = NULL;
  g_autofree char *text = NULL;

  if (bytes != NULL)
    text = take_text (self, bytes, &why);
  else
    why =
        g_utf8_make_valid (error->message, (gssize) strnlen (error->message, DMS_TASK_FLOW_MAX_ERROR_BYTES));
  json_object_set_string_member (file, text != NULL ? "text" : "error", text != NULL ? text : why);
  json_object_set_object_member (self->files, self->paths[self->next], file);
  self->next++;
  read_next (task);
}

static void
read_next (GTask *task)
{
  Reading *self = g_task_get_task_data (task);
  const char *path = self->paths[self->next];

  if (path == NULL)
    {
      g_task_return_pointer (task, json_object_ref (self->files), (GDestroyNotify) json_object_unref);
      return;
    }
  /* One more tells that there were more. */
  dms_execution_read_file_async (g_task_get_source_object (task),
                                 path,
                                 DMS_ALLOCATION_RUN_MAX_CAPTURE + 1,
                                 g_task_get_cancellable (task),
                                 on_read,
                                 g_object_ref (task));
}

void
dms_allocation_files_read_async (DmsExecution *execution,
                                 const char *const *paths,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (execution, cancellable, callback, user_data);
  Reading *self = g_new0 (Reading, 1);

  g_task_set_source_tag (task, dms_allocation_files_read_async);
  g_task_set_check_cancellable (task, FALSE);
  self->paths = g_strdupv ((GStrv) paths);
  self->files = json_object_new ();
  g_task_set_task_data (task, self, reading_free);
  read_next (task);
}

JsonObject *
dms_allocation_files_read_finish (DmsExecution *execution, GAsyncResult *result)
{
  g_return_val_if_fail (g_task_is_valid (result, execution), NULL);

  return g_task_propagate_pointer (G_TASK (result), NULL);
}
