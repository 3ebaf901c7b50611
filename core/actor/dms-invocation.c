/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "actor/dms-invocation.h"

struct _DmsInvocation
{
  grefcount references;
  GTask *task;
  char *reply_behaviour;
  char *what;
  GSource *timeout;
  GSource *cancelled;
  DmsInvocationEndedFunc ended;
  gpointer user_data;
};

static gboolean
on_timeout (gpointer user_data)
{
  DmsInvocation *self = user_data;

  dms_invocation_fail (self,
                       g_error_new (DMS_ERROR, DMS_ERROR_TIMED_OUT,
                                    "no answer to “%s” came in time: the other side is away, or refused it",
                                    self->what));
  return G_SOURCE_REMOVE;
}

static gboolean
on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  DmsInvocation *self = user_data;

  dms_invocation_fail (self, g_error_new (DMS_ERROR, DMS_ERROR_CANCELLED,
                                          "waiting for an answer to “%s” was given up", self->what));
  return G_SOURCE_REMOVE;
}

static void
watch (DmsInvocation *self, guint64 expiry_ns)
{
  guint64 now_ns = (guint64) g_get_real_time () * 1000;
  guint64 left_ms = expiry_ns > now_ns ? (expiry_ns - now_ns) / 1000000 + 1 : 0;
  GMainContext *context = g_task_get_context (self->task);
  GCancellable *cancellable = g_task_get_cancellable (self->task);

  self->timeout = g_timeout_source_new ((guint) MIN (left_ms, G_MAXINT));
  g_source_set_callback (self->timeout, on_timeout, self, NULL);
  g_source_attach (self->timeout, context);
  if (cancellable == NULL)
    return;
  self->cancelled = g_cancellable_source_new (cancellable);
  g_source_set_callback (self->cancelled, G_SOURCE_FUNC (on_cancelled), self, NULL);
  g_source_attach (self->cancelled, context);
}

static void
unwatch (DmsInvocation *self)
{
  if (self->timeout != NULL)
    g_source_destroy (self->timeout);
  g_clear_pointer (&self->timeout, g_source_unref);
  if (self->cancelled != NULL)
    g_source_destroy (self->cancelled);
  g_clear_pointer (&self->cancelled, g_source_unref);
}

DmsInvocation *
dms_invocation_new (GTask *task,
                    const char *reply_behaviour,
                    const char *what,
                    guint64 expiry_ns,
                    DmsInvocationEndedFunc ended,
                    gpointer user_data)
{
  DmsInvocation *self = g_new0 (DmsInvocation, 1);

  g_ref_count_init (&self->references);
  self->task = task;
  self->reply_behaviour = g_strdup (reply_behaviour);
  self->what = g_strdup (what);
  self->ended = ended;
  self->user_data = user_data;
  /* The end says which of our errors it is, even when it is because of the cancellable. */
  g_task_set_check_cancellable (task, FALSE);
  watch (self, expiry_ns);
  return self;
}

DmsInvocation *
dms_invocation_ref (DmsInvocation *self)
{
  g_ref_count_inc (&self->references);
  return self;
}

void
dms_invocation_unref (DmsInvocation *self)
{
  if (!g_ref_count_dec (&self->references))
    return;
  unwatch (self);
  g_clear_object (&self->task);
  g_free (self->reply_behaviour);
  g_free (self->what);
  g_free (self);
}

const char *
dms_invocation_get_reply_behaviour (DmsInvocation *self)
{
  return self->reply_behaviour;
}

/* The first end counts: it takes the task away. The owner may drop its reference meanwhile. */
static GTask *
end (DmsInvocation *self)
{
  GTask *task = g_steal_pointer (&self->task);

  if (task == NULL)
    return NULL;
  unwatch (self);
  self->ended (self, self->user_data);
  return task;
}

void
dms_invocation_answer (DmsInvocation *self, DmsMessage *message)
{
  g_autoptr (DmsInvocation) kept = dms_invocation_ref (self);
  g_autoptr (GTask) task = end (kept);

  if (task != NULL)
    g_task_return_pointer (task, dms_message_ref (message), (GDestroyNotify) dms_message_unref);
}

void
dms_invocation_fail (DmsInvocation *self, GError *error)
{
  g_autoptr (DmsInvocation) kept = dms_invocation_ref (self);
  g_autoptr (GTask) task = end (kept);

  if (task != NULL)
    g_task_return_error (task, error);
  else
    g_error_free (error);
}
