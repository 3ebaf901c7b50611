/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-sim-agenda.h"
#include "dms-sim-types.h"

G_BEGIN_DECLS

/* A connection between two peers: a reliable stream each way, in order. Counted. */
struct _DmsSimLink
{
  guint n_refs;
  DmsSimNetwork *network;
  /* The first has dialled. Borrowed: peers stay for as long as the network. */
  DmsSimPeer *ends[2];
  gint64 opened_us;
  gint64 used_us;
  /* When what an end sent last arrives. */
  gint64 last_us[2];
  guint64 bytes[2];
  gboolean is_open;
  gboolean is_identified;
  /* One end vanished; the other one has not noticed. */
  gboolean is_dead;
  /* Somebody is to look whether it is to be given up. */
  gboolean is_doubted;
  /* Flights that wait for the end of a partition. */
  GQueue stalled;
};

DmsSimLink *dms_sim_link_new (DmsSimNetwork *network, DmsSimPeer *dialler, DmsSimPeer *other);
DmsSimLink *dms_sim_link_ref (DmsSimLink *self);
void dms_sim_link_unref (DmsSimLink *self);

DmsSimPeer *dms_sim_link_get_other (DmsSimLink *self, DmsSimPeer *end);

/* @func is called when it has arrived; never, when the link breaks before. Takes @data. */
void dms_sim_link_send (DmsSimLink *self,
                        DmsSimPeer *from,
                        DmsSimKind kind,
                        gsize size,
                        DmsSimEventFunc func,
                        gpointer data,
                        GDestroyNotify destroy);
/* What waited for the end of a partition goes on. */
void dms_sim_link_resume (DmsSimLink *self);
/* Nothing arrives any more. The ends are not told. */
void dms_sim_link_break (DmsSimLink *self);
/* The other end does not answer any more: after a while it is given up, unless it answers again. */
void dms_sim_link_doubt (DmsSimLink *self);
/* One end has vanished, and with it all that it knew of this. */
void dms_sim_link_kill (DmsSimLink *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsSimLink, dms_sim_link_unref)

G_END_DECLS
