/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

G_BEGIN_DECLS

/**
 * DMS_P2P_WOULD_BLOCK:
 *
 * What reading and writing answer when nothing can be done now. No error is set: it happens all the time.
 */
#define DMS_P2P_WOULD_BLOCK ((gssize) -2)

#define DMS_TYPE_P2P_PIPE (dms_p2p_pipe_get_type ())

G_DECLARE_DERIVABLE_TYPE (DmsP2pPipe, dms_p2p_pipe, DMS, P2P_PIPE, GObject)

/**
 * DmsP2pPipeHandler:
 * @self: the pipe
 * @condition: what is possible now, of what was wanted: %G_IO_IN, %G_IO_OUT
 * @user_data: (closure): the owner's data
 *
 * Told, from the main loop and never from inside a call on the pipe, that reading (%G_IO_IN: there are bytes,
 * the end, or an error) or writing (%G_IO_OUT) will not block. It is told again as long as it wants to be.
 */
typedef void (*DmsP2pPipeHandler) (DmsP2pPipe *self, GIOCondition condition, gpointer user_data);

/**
 * DmsP2pPipeAccount:
 * @account: who pays
 * @delta: how many bytes of memory more; given back when negative
 *
 * Returns: whether there may be so many more
 */
typedef gboolean (*DmsP2pPipeAccount) (gpointer account, gssize delta);

/**
 * DmsP2pPipeClass:
 * @read: see dms_p2p_pipe_read()
 * @writev: see dms_p2p_pipe_writev()
 * @flush: see dms_p2p_pipe_flush(). The default has nothing to flush
 * @shutdown_write: see dms_p2p_pipe_shutdown_write()
 * @close: see dms_p2p_pipe_close()
 * @reset: see dms_p2p_pipe_reset(). The default closes
 * @poll: says which of %G_IO_IN and %G_IO_OUT would not block now. Only for the default of @want
 * @want: tells that the set of wanted conditions changed. The default calls @poll now, and whenever the
 * subclass calls dms_p2p_pipe_notify()
 */
struct _DmsP2pPipeClass
{
  GObjectClass parent_class;

  gssize (*read) (DmsP2pPipe *self, void *buffer, gsize size, GError **error);
  gssize (*writev) (DmsP2pPipe *self, const GOutputVector *vectors, gsize n_vectors, GError **error);
  gssize (*flush) (DmsP2pPipe *self, GError **error);
  gboolean (*shutdown_write) (DmsP2pPipe *self, GError **error);
  void (*close) (DmsP2pPipe *self);
  void (*reset) (DmsP2pPipe *self, guint64 code);
  GIOCondition (*poll) (DmsP2pPipe *self);
  void (*want) (DmsP2pPipe *self, GIOCondition condition);
};

void dms_p2p_pipe_set_handler (DmsP2pPipe *self, DmsP2pPipeHandler handler, gpointer user_data);
void dms_p2p_pipe_want (DmsP2pPipe *self, GIOCondition condition);
/* Who pays for the memory that whoever reads this pipe takes for what has come; nobody at first. @account is
 * borrowed. */
void dms_p2p_pipe_set_account (DmsP2pPipe *self, DmsP2pPipeAccount func, gpointer account);
gboolean dms_p2p_pipe_charge (DmsP2pPipe *self, gssize delta);
GIOCondition dms_p2p_pipe_get_wanted (DmsP2pPipe *self);

gssize dms_p2p_pipe_read (DmsP2pPipe *self, void *buffer, gsize size, GError **error);
void dms_p2p_pipe_unread (DmsP2pPipe *self, const void *buffer, gsize size);
gssize dms_p2p_pipe_write (DmsP2pPipe *self, const void *buffer, gsize size, GError **error);
gssize dms_p2p_pipe_writev (DmsP2pPipe *self, const GOutputVector *vectors, gsize n_vectors, GError **error);
gssize dms_p2p_pipe_flush (DmsP2pPipe *self, GError **error);
gboolean dms_p2p_pipe_shutdown_write (DmsP2pPipe *self, GError **error);
void dms_p2p_pipe_close (DmsP2pPipe *self);
void dms_p2p_pipe_reset (DmsP2pPipe *self, guint64 code);

/* Which stream it is of those that the other side opened, counted from 0, where a later one may come before
 * an earlier one: over QUIC. -1 where they come in order. */
gint64 dms_p2p_pipe_get_sequence (DmsP2pPipe *self);

/* For subclasses. */
GMainContext *dms_p2p_pipe_get_context (DmsP2pPipe *self);
void dms_p2p_pipe_set_sequence (DmsP2pPipe *self, gint64 sequence);
void dms_p2p_pipe_notify (DmsP2pPipe *self);
void dms_p2p_pipe_dispatch (DmsP2pPipe *self, GIOCondition condition);
gboolean dms_p2p_pipe_has_unread (DmsP2pPipe *self);

G_END_DECLS
