/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "actor/dms-actor.h"
#include "succession/dms-voter.h"

G_BEGIN_DECLS

/* What the node must decide itself. */
typedef struct
{
  /* Whether it becomes a member of a roll, which is well formed and names it. */
  gboolean (*may_join) (DmsRoll *roll, gboolean as_witness, gpointer user_data, GError **error);
  /* (nullable) (transfer full): the last state of an ensemble that is over, for a peer that may have led it.
   */
  char *(*dup_end) (const char *ensemble_id, const char *peer, gpointer user_data);
} DmsSuccessionHooks;

#define DMS_SUCCESSION_VOTE_BEHAVIOUR "/dms/deployment/succession/vote"

/* /dms/deployment/succession/{appoint,renew,vote}. The last two are open: they are answered only to the
 * orchestrators of a roll that this node is a member of, and to its witness when all is over; they do nothing
 * for others. */
void dms_succession_behaviours_install (DmsActor *root,
                                        DmsVoter *voter,
                                        const DmsSuccessionHooks *hooks,
                                        gpointer user_data);
void dms_succession_behaviours_remove (DmsActor *root);
/* (transfer full) (nullable): the peer whose key signed a message. */
char *dms_succession_dup_sender (DmsMessage *message);

G_END_DECLS
