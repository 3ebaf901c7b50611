/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "capability/dms-capability-keeper.h"

#include <dms.h>

#include "capability/dms-capability-context-private.h"
#include "common/dms-file-lock.h"
#include "observability/dms-log.h"

#define LOCK_WAIT_MS 10000
#define MAX_WAITING 256

struct _DmsCapabilityKeeper
{
  GObject parent_instance;

  DmsCapabilityContext *context;
  char *path;

  /* GTasks of changes: not begun, and made in memory but not yet written. */
  GQueue waiting;
  GQueue made;
  /* A thread waits for the lock or writes. */
  gboolean busy;
  DmsFileLock *lock;
  /* The file is to be read again once this is over. */
  gboolean stale;
};

typedef struct
{
  DmsCapabilityEdit edit;
  gpointer user_data;
  GDestroyNotify destroy;
  gboolean keeps_previous;
} Change;

typedef struct
{
  char *path;
  char *text;
  gboolean keeps_previous;
} Work;

G_DEFINE_FINAL_TYPE (DmsCapabilityKeeper, dms_capability_keeper, G_TYPE_OBJECT)

static void begin (DmsCapabilityKeeper *self);

static void
change_free (gpointer data)
{
  Change *change = data;

  if (change->destroy != NULL)
    change->destroy (change->user_data);
  g_free (change);
}

static void
work_free (gpointer data)
{
  Work *work = data;

  g_free (work->path);
  g_free (work->text);
  g_free (work);
}

static void
dms_capability_keeper_finalize (GObject *object)
{
  DmsCapabilityKeeper *self = DMS_CAPABILITY_KEEPER (object);

  /* Every task holds a reference on its source, so none is left. */
  g_clear_pointer (&self->lock, dms_file_lock_free);
  g_clear_object (&self->context);
  g_free (self->path);

  G_OBJECT_CLASS (dms_capability_keeper_parent_class)->finalize (object);
}

static void
dms_capability_keeper_class_init (DmsCapabilityKeeperClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_capability_keeper_finalize;
}

static void
dms_capability_keeper_init (DmsCapabilityKeeper *self)
{
}

/**
 * dms_capability_keeper_new:
 * @context: what the file held when it was read
 * @path: the file
 *
 * Returns: (transfer full): their keeper
 */
DmsCapabilityKeeper *
dms_capability_keeper_new (DmsCapabilityContext *context, const char *path)
{
  DmsCapabilityKeeper *self = g_object_new (DMS_TYPE_CAPABILITY_KEEPER, NULL);

  self->context = g_object_ref (context);
  self->path = g_strdup (path);

  return self;
}

static void
answer_all (GQueue *tasks, const GError *error)
{
  GTask *task;

  while ((task = g_queue_pop_head (tasks)) != NULL)
    {
      if (error != NULL)
        g_task_return_error (task, g_error_copy (error));
      else
        g_task_return_boolean (task, TRUE);
      g_object_unref (task);
    }
}

static void
reload_now (DmsCapabilityKeeper *self)
{
  g_autoptr (GError) error = NULL;

  self->stale = FALSE;
  if (!dms_capability_context_reload (self->context, self->path, &error))
    dms_log_event (G_LOG_LEVEL_WARNING, "capabilities_reload_error", "error", error->message, NULL);
}

/* Gives the lock back and goes on with what came meanwhile. */
static void
end (DmsCapabilityKeeper *self)
{
  g_clear_pointer (&self->lock, dms_file_lock_free);
  self->busy = FALSE;
  if (self->stale)
    reload_now (self);
  if (!g_queue_is_empty (&self->waiting))
    begin (self);
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsCapabilityKeeper *self = DMS_CAPABILITY_KEEPER (source);
  g_autoptr (GError) error = NULL;

  /* What could not be written does not count in memory either. */
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    self->stale = TRUE;
  answer_all (&self->made, error);
  end (self);
}

static void
write_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Work *work = data;
  GError *error = NULL;

  if (dms_capability_file_replace (work->path, work->text, work->keeps_previous, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
make_changes (DmsCapabilityKeeper *self)
{
  GTask *task;

  while ((task = g_queue_pop_head (&self->waiting)) != NULL)
    {
      Change *change = g_task_get_task_data (task);
      GError *error = NULL;

      if (change->edit (self->context, change->user_data, &error))
        {
          g_queue_push_tail (&self->made, task);
          continue;
        }
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

/* Whether the owner made one of the changes that are about to be written. */
static gboolean
keeps_previous (DmsCapabilityKeeper *self)
{
  for (GList *link = self->made.head; link != NULL; link = link->next)
    {
      const Change *change = g_task_get_task_data (link->data);

      if (change->keeps_previous)
        return TRUE;
    }

  return FALSE;
}

static void
run_in_thread (DmsCapabilityKeeper *self, char *text, GTaskThreadFunc func, GAsyncReadyCallback callback)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, NULL);
  Work *work = g_new0 (Work, 1);

  work->path = g_strdup (self->path);
  work->text = text;
  work->keeps_previous = keeps_previous (self);
  g_task_set_task_data (task, work, work_free);
  g_task_run_in_thread (task, func);
}

static void
on_locked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  DmsCapabilityKeeper *self = DMS_CAPABILITY_KEEPER (source);
  g_autoptr (GError) error = NULL;

  self->lock = g_task_propagate_pointer (G_TASK (result), &error);
  if (self->lock == NULL || !dms_capability_context_reload (self->context, self->path, &error))
    {
      answer_all (&self->waiting, error);
      end (self);
      return;
    }

  self->stale = FALSE;
  make_changes (self);
  if (g_queue_is_empty (&self->made))
    end (self);
  else
    run_in_thread (self, dms_capability_context_to_string (self->context), write_in_thread, on_written);
}

static void
lock_in_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Work *work = data;
  GError *error = NULL;
  DmsFileLock *lock = dms_file_lock_new (work->path, LOCK_WAIT_MS, &error);

  if (lock != NULL)
    g_task_return_pointer (task, lock, (GDestroyNotify) dms_file_lock_free);
  else
    g_task_return_error (task, error);
}

static void
begin (DmsCapabilityKeeper *self)
{
  self->busy = TRUE;
  run_in_thread (self, NULL, lock_in_thread, on_locked);
}

static void
change_async (DmsCapabilityKeeper *self, const Change *wanted, GAsyncReadyCallback callback,
              gpointer callback_data)
{
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, callback_data);

  g_task_set_source_tag (task, change_async);
  g_task_set_task_data (task, g_memdup2 (wanted, sizeof *wanted), change_free);
  if (g_queue_get_length (&self->waiting) >= MAX_WAITING)
    {
      g_task_return_new_error (task, DMS_ERROR, DMS_ERROR_BUSY,
                               "too many changes of the capabilities wait to be written; try again later");
      return;
    }

  g_queue_push_tail (&self->waiting, g_steal_pointer (&task));
  if (!self->busy)
    begin (self);
}

/**
 * dms_capability_keeper_edit_async:
 * @self: a keeper
 * @edit: (scope notified): changes the context, all of it or nothing
 * @user_data: for @edit
 * @destroy: (nullable): frees @user_data
 * @callback: called when the change is on the disk, or failed
 * @callback_data: for @callback
 *
 * Begins a change. DMS_ERROR_BUSY when too many others wait.
 */
void
dms_capability_keeper_edit_async (DmsCapabilityKeeper *self, DmsCapabilityEdit edit, gpointer user_data,
                                  GDestroyNotify destroy, GAsyncReadyCallback callback,
                                  gpointer callback_data)
{
  const Change change = { edit, user_data, destroy, TRUE };

  g_return_if_fail (DMS_IS_CAPABILITY_KEEPER (self));

  change_async (self, &change, callback, callback_data);
}

/**
 * dms_capability_keeper_learn_async:
 * @self: a keeper
 * @edit: (scope notified): changes the context, all of it or nothing
 * @user_data: for @edit
 * @destroy: (nullable): frees @user_data
 * @callback: called when the change is on the disk, or failed
 * @callback_data: for @callback
 *
 * Begins a change that another node brought about; ends with dms_capability_keeper_edit_finish().
 */
void
dms_capability_keeper_learn_async (DmsCapabilityKeeper *self, DmsCapabilityEdit edit, gpointer user_data,
                                   GDestroyNotify destroy, GAsyncReadyCallback callback,
                                   gpointer callback_data)
{
  const Change change = { edit, user_data, destroy, FALSE };

  g_return_if_fail (DMS_IS_CAPABILITY_KEEPER (self));

  change_async (self, &change, callback, callback_data);
}

gboolean
dms_capability_keeper_edit_finish (DmsCapabilityKeeper *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gboolean
dms_capability_keeper_reload (DmsCapabilityKeeper *self, GError **error)
{
  g_return_val_if_fail (DMS_IS_CAPABILITY_KEEPER (self), FALSE);

  /* Only what is made but not yet written would be lost by it. */
  if (g_queue_is_empty (&self->made))
    return dms_capability_context_reload (self->context, self->path, error);

  self->stale = TRUE;
  return TRUE;
}
