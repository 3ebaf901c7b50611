/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "multistream/dms-p2p-multistream.h"

#include <string.h>

#include "io/dms-p2p-source.h"
#include "multistream/dms-p2p-multistream-line-private.h"

enum
{
  /* More proposals than any host has versions of a protocol are an attack: each is answered. */
  DMS_P2P_MULTISTREAM_MAX_PROPOSALS = 64,
  DMS_P2P_MULTISTREAM_READ_SIZE = DMS_P2P_MULTISTREAM_MAX_LINE + DMS_P2P_MULTISTREAM_MAX_PREFIX,
};

/* One negotiation, of either side; the data of its task. */
typedef struct
{
  GTask *task;
  DmsP2pPipe *pipe;
  GSource *timeout;
  GSource *cancelled;

  GByteArray *in;
  GByteArray *out;
  gboolean has_header;
  char *chosen;

  /* Of the side that proposes; the first one is under way from the start. */
  char **protocols;
  guint current;

  /* Of the side that answers. */
  DmsP2pMultistreamKnows knows;
  gpointer knows_data;
  guint n_proposals;
} DmsP2pNegotiation;

static void
dms_p2p_negotiation_free (gpointer data)
{
  DmsP2pNegotiation *self = data;

  g_clear_object (&self->pipe);
  g_byte_array_unref (self->in);
  g_byte_array_unref (self->out);
  g_free (self->chosen);
  g_strfreev (self->protocols);
  g_free (self);
}

/* Ends the negotiation: with @error, which it takes, or with what was chosen. @self may be gone then. */
static void
dms_p2p_negotiation_end (DmsP2pNegotiation *self, GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  dms_p2p_pipe_set_handler (self->pipe, NULL, NULL);
  dms_p2p_source_drop (&self->timeout);
  dms_p2p_source_drop (&self->cancelled);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  /* What follows is the protocol's. */
  dms_p2p_pipe_unread (self->pipe, self->in->data, self->in->len);
  g_task_return_pointer (task, g_steal_pointer (&self->chosen), g_free);
}

static gboolean
dms_p2p_negotiation_on_timeout (gpointer user_data)
{
  DmsP2pNegotiation *self = user_data;

  dms_p2p_negotiation_end (self,
                           g_error_new (DMS_ERROR,
                                        DMS_ERROR_TIMED_OUT,
                                        "negotiating a protocol took longer than %d seconds",
                                        DMS_P2P_MULTISTREAM_TIMEOUT_S));
  return G_SOURCE_REMOVE;
}

static gboolean
dms_p2p_negotiation_on_cancelled (GCancellable *cancellable, gpointer user_data)
{
  DmsP2pNegotiation *self = user_data;

  dms_p2p_negotiation_end (
      self, g_error_new_literal (DMS_ERROR, DMS_ERROR_CANCELLED, "negotiating a protocol was cancelled"));
  return G_SOURCE_REMOVE;
}

/* The other side has answered a proposal. */
static gboolean
dms_p2p_negotiation_take_answer (DmsP2pNegotiation *self, const char *line, GError **error)
{
  const char *proposal = self->protocols[self->current];

  if (strcmp (line, proposal) == 0)
    {
      self->chosen = g_strdup (proposal);
      return TRUE;
    }
  if (strcmp (line, DMS_P2P_MULTISTREAM_NA) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "negotiating a protocol failed: the other side answered “%.100s” to “%s”",
                   line,
                   proposal);
      return FALSE;
    }
  if (self->protocols[++self->current] == NULL)
    {
      g_autofree char *all = g_strjoinv (", ", self->protocols);

      g_set_error (error, DMS_ERROR, DMS_ERROR_NOT_SUPPORTED, "the other side does not speak %.500s", all);
      return FALSE;
    }
  dms_p2p_multistream_line_append (self->out, self->protocols[self->current]);
  return TRUE;
}

/* The other side proposes a protocol. Its `ls` is one that is not known. */
static gboolean
dms_p2p_negotiation_take_proposal (DmsP2pNegotiation *self, const char *line, GError **error)
{
  if (++self->n_proposals > DMS_P2P_MULTISTREAM_MAX_PROPOSALS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_TOO_LARGE,
                   "negotiating a protocol failed: the other side proposed more than %d that are not known",
                   DMS_P2P_MULTISTREAM_MAX_PROPOSALS);
      return FALSE;
    }
  if (!self->knows (line, self->knows_data))
    {
      dms_p2p_multistream_line_append (self->out, DMS_P2P_MULTISTREAM_NA);
      return TRUE;
    }
  self->chosen = g_strdup (line);
  dms_p2p_multistream_line_append (self->out, line);
  return TRUE;
}

static gboolean
dms_p2p_negotiation_take_line (DmsP2pNegotiation *self, const char *line, GError **error)
{
  if (self->has_header)
    return self->protocols != NULL ? dms_p2p_negotiation_take_answer (self, line, error)
                                   : dms_p2p_negotiation_take_proposal (self, line, error);
  if (strcmp (line, DMS_P2P_MULTISTREAM_HEADER) != 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "negotiating a protocol failed: the other side began with “%.100s” instead of “%s”",
                   line,
                   DMS_P2P_MULTISTREAM_HEADER);
      return FALSE;
    }
  self->has_header = TRUE;
  /* The side that answers writes its header together with its first answer, if that can be given at once. */
  if (self->protocols == NULL)
    dms_p2p_multistream_line_append (self->out, DMS_P2P_MULTISTREAM_HEADER);
  return TRUE;
}

/* Goes through the lines that have come, up to the one that decides. */
static gboolean
dms_p2p_negotiation_take_lines (DmsP2pNegotiation *self, GError **error)
{
  gsize used = 0;

  while (self->chosen == NULL && used < self->in->len)
    {
      g_autofree char *line = NULL;
      gssize n = dms_p2p_multistream_line_read (self->in->data + used, self->in->len - used, &line, error);

      if (n == 0)
        break;
      if (n < 0 || !dms_p2p_negotiation_take_line (self, line, error))
        return FALSE;
      used += (gsize) n;
    }
  if (used > 0)
    g_byte_array_remove_range (self->in, 0, (guint) used);
  return TRUE;
}

static gboolean
dms_p2p_negotiation_write (DmsP2pNegotiation *self, GError **error)
{
  while (self->out->len > 0)
    {
      gssize n = dms_p2p_pipe_write (self->pipe, self->out->data, self->out->len, error);

      if (n == DMS_P2P_WOULD_BLOCK)
        return TRUE;
      if (n < 0)
        return FALSE;
      g_byte_array_remove_range (self->out, 0, (guint) n);
    }
  return TRUE;
}

/* What read answers; at the end of what comes in, an error. */
static gssize
dms_p2p_negotiation_read (DmsP2pNegotiation *self, GError **error)
{
  guint8 buffer[DMS_P2P_MULTISTREAM_READ_SIZE];
  gssize n = dms_p2p_pipe_read (self->pipe, buffer, sizeof buffer, error);

  if (n > 0)
    g_byte_array_append (self->in, buffer, (guint) n);
  if (n != 0)
    return n;
  g_set_error_literal (
      error,
      DMS_ERROR,
      DMS_ERROR_IO,
      "negotiating a protocol failed: the other side closed the stream before a protocol was agreed on");
  return -1;
}

/* Goes on as far as is possible without waiting. That there are only so many proposals ends it. */
static void
dms_p2p_negotiation_run (DmsP2pNegotiation *self)
{
  g_autoptr (GTask) keep = g_object_ref (self->task);
  GError *error = NULL;
  gssize n = 0;

  do
    {
      if (!dms_p2p_negotiation_take_lines (self, &error) || !dms_p2p_negotiation_write (self, &error))
        break;
      if (self->out->len > 0)
        {
          dms_p2p_pipe_want (self->pipe, G_IO_OUT);
          return;
        }
      if (self->chosen != NULL)
        break;
      n = dms_p2p_negotiation_read (self, &error);
      if (n == DMS_P2P_WOULD_BLOCK)
        {
          dms_p2p_pipe_want (self->pipe, G_IO_IN);
          return;
        }
    }
  while (n > 0);
  dms_p2p_negotiation_end (self, error);
}

static void
dms_p2p_negotiation_on_ready (DmsP2pPipe *pipe, GIOCondition condition, gpointer user_data)
{
  dms_p2p_negotiation_run (user_data);
}

static DmsP2pNegotiation *
dms_p2p_negotiation_new (DmsP2pPipe *pipe,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  DmsP2pNegotiation *self = g_new0 (DmsP2pNegotiation, 1);

  self->pipe = g_object_ref (pipe);
  self->in = g_byte_array_new ();
  self->out = g_byte_array_new ();
  self->task = g_task_new (pipe, cancellable, callback, user_data);
  /* It is cancelled here, with an error of the one domain. */
  g_task_set_check_cancellable (self->task, FALSE);
  g_task_set_task_data (self->task, self, dms_p2p_negotiation_free);
  return self;
}

static void
dms_p2p_negotiation_start (DmsP2pNegotiation *self)
{
  GMainContext *context = g_task_get_context (self->task);
  GCancellable *cancellable = g_task_get_cancellable (self->task);

  if (cancellable != NULL)
    {
      self->cancelled = g_cancellable_source_new (cancellable);
      g_source_set_static_name (self->cancelled, "dms-p2p-negotiation-cancelled");
      g_source_set_callback (self->cancelled, G_SOURCE_FUNC (dms_p2p_negotiation_on_cancelled), self, NULL);
      g_source_attach (self->cancelled, context);
      if (g_cancellable_is_cancelled (cancellable))
        return;
    }
  self->timeout = g_timeout_source_new_seconds (DMS_P2P_MULTISTREAM_TIMEOUT_S);
  g_source_set_static_name (self->timeout, "dms-p2p-negotiation-timeout");
  g_source_set_callback (self->timeout, dms_p2p_negotiation_on_timeout, self, NULL);
  g_source_attach (self->timeout, context);
  dms_p2p_pipe_set_handler (self->pipe, dms_p2p_negotiation_on_ready, self);
  dms_p2p_negotiation_run (self);
}

void
dms_p2p_multistream_select_async (DmsP2pPipe *pipe,
                                  const char *const *protocols,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  DmsP2pNegotiation *self = dms_p2p_negotiation_new (pipe, cancellable, callback, user_data);
  GError *error = NULL;

  g_task_set_source_tag (self->task, dms_p2p_multistream_select_async);
  if (protocols == NULL || protocols[0] == NULL)
    g_set_error_literal (&error, DMS_ERROR, DMS_ERROR_INVALID_ARGUMENT, "there is no protocol to negotiate");
  for (gsize i = 0; error == NULL && protocols[i] != NULL; i++)
    dms_p2p_multistream_line_check (protocols[i], &error);
  if (error != NULL)
    {
      dms_p2p_negotiation_end (self, error);
      return;
    }
  self->protocols = g_strdupv ((char **) protocols);
  dms_p2p_multistream_line_append (self->out, DMS_P2P_MULTISTREAM_HEADER);
  dms_p2p_multistream_line_append (self->out, protocols[0]);
  dms_p2p_negotiation_start (self);
}

char *
dms_p2p_multistream_select_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dms_p2p_multistream_select_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

void
dms_p2p_multistream_accept_async (DmsP2pPipe *pipe,
                                  DmsP2pMultistreamKnows knows,
                                  gpointer knows_data,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  DmsP2pNegotiation *self = dms_p2p_negotiation_new (pipe, cancellable, callback, user_data);

  g_task_set_source_tag (self->task, dms_p2p_multistream_accept_async);
  self->knows = knows;
  self->knows_data = knows_data;
  dms_p2p_negotiation_start (self);
}

char *
dms_p2p_multistream_accept_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_async_result_is_tagged (result, dms_p2p_multistream_accept_async), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
