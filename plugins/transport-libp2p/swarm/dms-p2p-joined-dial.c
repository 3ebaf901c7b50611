/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "swarm/dms-p2p-joined-dial.h"

/**
 * DmsP2pJoinedDial:
 *
 * Lives in the main context that made it.
 */
struct _DmsP2pJoinedDial
{
  GObject parent_instance;

  DmsPeerId *peer;
  gboolean is_direct;
  gboolean is_answered;
  DmsP2pDial *dial;
  GCancellable *cancellable;
  /* DmsP2pJoiner. */
  GPtrArray *joiners;
  DmsP2pJoinedDialEnded ended;
  gpointer user_data;
};

G_DEFINE_FINAL_TYPE (DmsP2pJoinedDial, dms_p2p_joined_dial, G_TYPE_OBJECT)

/* One who waits. */
typedef struct
{
  DmsP2pJoinedDial *join;
  GTask *task;
  GSource *watch;
  DmsP2pTrace trace;
  gpointer trace_data;
} DmsP2pJoiner;

static void
dms_p2p_joiner_free (gpointer data)
{
  DmsP2pJoiner *self = data;

  if (self->watch != NULL)
    g_source_destroy (self->watch);
  g_clear_pointer (&self->watch, g_source_unref);
  g_clear_object (&self->task);
  g_free (self);
}

static void
dms_p2p_joined_dial_finalize (GObject *object)
{
  DmsP2pJoinedDial *self = DMS_P2P_JOINED_DIAL (object);

  g_clear_pointer (&self->peer, dms_peer_id_unref);
  g_clear_pointer (&self->joiners, g_ptr_array_unref);
  g_clear_object (&self->dial);
  g_clear_object (&self->cancellable);
  G_OBJECT_CLASS (dms_p2p_joined_dial_parent_class)->finalize (object);
}

static void
dms_p2p_joined_dial_class_init (DmsP2pJoinedDialClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_p2p_joined_dial_finalize;
}

static void
dms_p2p_joined_dial_init (DmsP2pJoinedDial *self)
{
  self->cancellable = g_cancellable_new ();
  self->joiners = g_ptr_array_new_with_free_func (dms_p2p_joiner_free);
}

/* Each who still waits is told of each step. */
static void
dms_p2p_joined_dial_on_trace (const char *step,
                              const char *detail,
                              gint64 duration_us,
                              const GError *error,
                              gpointer user_data)
{
  DmsP2pJoinedDial *self = user_data;

  for (guint i = 0; i < self->joiners->len; i++)
    {
      DmsP2pJoiner *joiner = self->joiners->pdata[i];

      if (joiner->trace != NULL)
        joiner->trace (step, detail, duration_us, error, joiner->trace_data);
    }
}

DmsP2pJoinedDial *
dms_p2p_joined_dial_new (DmsP2pDialer *dialer,
                         DmsPeerId *peer,
                         gboolean is_direct,
                         DmsP2pJoinedDialEnded ended,
                         gpointer user_data)
{
  DmsP2pJoinedDial *self = g_object_new (DMS_TYPE_P2P_JOINED_DIAL, NULL);

  self->peer = peer != NULL ? dms_peer_id_ref (peer) : NULL;
  self->is_direct = is_direct;
  self->ended = ended;
  self->user_data = user_data;
  self->dial = dms_p2p_dial_new (dialer, peer, dms_p2p_joined_dial_on_trace, self);
  if (is_direct)
    dms_p2p_dial_set_direct (self->dial);
  return self;
}

DmsPeerId *
dms_p2p_joined_dial_get_peer (DmsP2pJoinedDial *self)
{
  return self->peer;
}

gboolean
dms_p2p_joined_dial_is_direct (DmsP2pJoinedDial *self)
{
  return self->is_direct;
}

gboolean
dms_p2p_joined_dial_is_over (DmsP2pJoinedDial *self)
{
  return g_cancellable_is_cancelled (self->cancellable) || dms_p2p_dial_has_failed (self->dial);
}

static GPtrArray *
dms_p2p_joined_dial_steal_joiners (DmsP2pJoinedDial *self)
{
  GPtrArray *joiners = g_steal_pointer (&self->joiners);

  self->joiners = g_ptr_array_new_with_free_func (dms_p2p_joiner_free);
  return joiners;
}

static void
dms_p2p_joined_dial_return (GPtrArray *joiners, DmsP2pConnection *connection, const GError *error)
{
  for (guint i = 0; i < joiners->len; i++)
    {
      GTask *task = ((DmsP2pJoiner *) joiners->pdata[i])->task;

      if (connection != NULL)
        g_task_return_pointer (task, g_object_ref (connection), g_object_unref);
      else
        g_task_return_error (task, g_error_copy (error));
    }
}

static gboolean
dms_p2p_joined_dial_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  DmsP2pJoiner *joiner = user_data;
  g_autoptr (DmsP2pJoinedDial) self = g_object_ref (joiner->join);
  g_autoptr (GTask) task = g_object_ref (joiner->task);

  g_ptr_array_remove_fast (self->joiners, joiner);
  if (self->joiners->len == 0 && !self->is_answered)
    g_cancellable_cancel (self->cancellable);
  g_task_return_new_error (task,
                           DMS_ERROR,
                           DMS_ERROR_CANCELLED,
                           "connecting to %s was cancelled",
                           self->peer != NULL ? dms_peer_id_get_text (self->peer) : "the peer");
  return G_SOURCE_REMOVE;
}

void
dms_p2p_joined_dial_join (DmsP2pJoinedDial *self,
                          GTask *task,
                          GPtrArray *addresses,
                          gboolean force,
                          DmsP2pTrace trace,
                          gpointer trace_data,
                          GCancellable *cancellable)
{
  DmsP2pJoiner *joiner = g_new0 (DmsP2pJoiner, 1);

  joiner->join = self;
  joiner->task = g_object_ref (task);
  joiner->trace = trace;
  joiner->trace_data = trace_data;
  if (cancellable != NULL)
    {
      joiner->watch = g_cancellable_source_new (cancellable);
      g_source_set_callback (joiner->watch, G_SOURCE_FUNC (dms_p2p_joined_dial_on_cancelled), joiner, NULL);
      g_source_attach (joiner->watch, g_task_get_context (task));
    }
  g_ptr_array_add (self->joiners, joiner);
  if (force)
    dms_p2p_dial_set_force (self->dial);
  dms_p2p_dial_add_addresses (self->dial, addresses);
}

static void
dms_p2p_joined_dial_on_ended (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsP2pJoinedDial) self = user_data;
  g_autoptr (GError) error = NULL;
  DmsP2pUpgraded *upgraded = dms_p2p_dial_run_finish (DMS_P2P_DIAL (source), result, &error);
  g_autoptr (DmsP2pConnection) connection = self->ended (self, upgraded, &error, self->user_data);
  g_autoptr (GPtrArray) joiners = dms_p2p_joined_dial_steal_joiners (self);

  dms_p2p_joined_dial_return (joiners, connection, error);
}

void
dms_p2p_joined_dial_start (DmsP2pJoinedDial *self)
{
  dms_p2p_dial_run_async (self->dial, self->cancellable, dms_p2p_joined_dial_on_ended, g_object_ref (self));
}

void
dms_p2p_joined_dial_answer (DmsP2pJoinedDial *self, DmsP2pConnection *connection)
{
  g_autoptr (GPtrArray) joiners = dms_p2p_joined_dial_steal_joiners (self);

  /* The other end may have the connection of this dial already, and count on it: it is not given up. */
  self->is_answered = TRUE;
  dms_p2p_joined_dial_return (joiners, connection, NULL);
}

void
dms_p2p_joined_dial_cancel (DmsP2pJoinedDial *self)
{
  g_autoptr (GPtrArray) joiners = dms_p2p_joined_dial_steal_joiners (self);
  g_autoptr (GError) error =
      g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "the connection was given up: this node closes");

  g_cancellable_cancel (self->cancellable);
  dms_p2p_joined_dial_return (joiners, NULL, error);
}
