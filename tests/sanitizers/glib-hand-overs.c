/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

/* GLib is not built with ThreadSanitizer, which so sees neither its locks nor what its tasks and reference
 * counts order. Loaded before GLib into the tests of a build with ThreadSanitizer, this says for each of
 * those what GLib promises of it, and no more: a task is handed over when it is given to a thread and when it
 * returns; who drops a reference is done with the object before the last one is; locks are locks. */

#include <dlfcn.h>
#include <gio/gio.h>

#define KEY "dms-thread-func"

/* Of the sanitizer's library; a program that is not instrumented has none. */
void __tsan_acquire (void *address) __attribute__ ((weak));
void __tsan_release (void *address) __attribute__ ((weak));

static void
acquire (gpointer address)
{
  if (__tsan_acquire != NULL && address != NULL)
    __tsan_acquire (address);
}

static void
release (gpointer address)
{
  if (__tsan_release != NULL && address != NULL)
    __tsan_release (address);
}

/* As an atomic decrement is both, but not for those who got the same thing in another way. */
static void
drop (gpointer address)
{
  gpointer count = address != NULL ? (char *) address + 1 : NULL;

  release (count);
  acquire (count);
}

static gpointer
find (const char *name)
{
  gpointer symbol = dlsym (RTLD_NEXT, name);

  if (symbol == NULL)
    g_error ("%s is nowhere", name);
  return symbol;
}

/* References */

void
(g_object_unref) (gpointer object)
{
  void (*real) (gpointer) = find ("g_object_unref");

  drop (object);
  real (object);
}

void
(g_bytes_unref) (GBytes *bytes)
{
  void (*real) (GBytes *) = find ("g_bytes_unref");

  drop (bytes);
  real (bytes);
}

/* Locks */

void
(g_mutex_lock) (GMutex *mutex)
{
  void (*real) (GMutex *) = find ("g_mutex_lock");

  real (mutex);
  acquire (mutex);
}

void
(g_mutex_unlock) (GMutex *mutex)
{
  void (*real) (GMutex *) = find ("g_mutex_unlock");

  release (mutex);
  real (mutex);
}

/* Tasks */

static void
run (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GTaskThreadFunc func = g_object_get_data (G_OBJECT (task), KEY);

  acquire (task);
  func (task, source, data, cancellable);
  /* It returns for good only now. */
  release (task);
}

void
(g_task_run_in_thread) (GTask *task, GTaskThreadFunc func)
{
  void (*real) (GTask *, GTaskThreadFunc) = find ("g_task_run_in_thread");

  g_object_set_data (G_OBJECT (task), KEY, func);
  release (task);
  real (task, run);
}

void
(g_task_return_boolean) (GTask *task, gboolean result)
{
  void (*real) (GTask *, gboolean) = find ("g_task_return_boolean");

  release (task);
  real (task, result);
}

void
(g_task_return_int) (GTask *task, gssize result)
{
  void (*real) (GTask *, gssize) = find ("g_task_return_int");

  release (task);
  real (task, result);
}

void
(g_task_return_pointer) (GTask *task, gpointer result, GDestroyNotify destroy)
{
  void (*real) (GTask *, gpointer, GDestroyNotify) = find ("g_task_return_pointer");

  release (task);
  real (task, result, destroy);
}

void
(g_task_return_error) (GTask *task, GError *error)
{
  void (*real) (GTask *, GError *) = find ("g_task_return_error");

  release (task);
  real (task, error);
}

gpointer
(g_task_get_task_data) (GTask *task)
{
  gpointer (*real) (GTask *) = find ("g_task_get_task_data");

  acquire (task);
  return real (task);
}

gboolean
(g_task_propagate_boolean) (GTask *task, GError **error)
{
  gboolean (*real) (GTask *, GError **) = find ("g_task_propagate_boolean");

  acquire (task);
  return real (task, error);
}

gssize
(g_task_propagate_int) (GTask *task, GError **error)
{
  gssize (*real) (GTask *, GError **) = find ("g_task_propagate_int");

  acquire (task);
  return real (task, error);
}

gpointer
(g_task_propagate_pointer) (GTask *task, GError **error)
{
  gpointer (*real) (GTask *, GError **) = find ("g_task_propagate_pointer");

  acquire (task);
  return real (task, error);
}
