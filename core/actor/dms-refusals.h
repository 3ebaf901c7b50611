/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <json-glib/json-glib.h>

#include "actor/dms-envelope.h"
#include "actor/dms-refusal.h"

G_BEGIN_DECLS

/* The refused messages of a node: counted, and explained in the log. A flood does not fill the log: of each
 * reason and sender the first few of every ten seconds are written one by one, the rest as one line with
 * their number. Lives in the main context that made it. */
typedef struct _DmsRefusals DmsRefusals;

/* Lines of one reason and sender, and of one reason, in ten seconds. */
#define DMS_REFUSALS_LINES_PER_SENDER 5
#define DMS_REFUSALS_LINES_PER_REASON 50
#define DMS_REFUSALS_PERIOD_SECONDS 10

DmsRefusals *dms_refusals_new (void);
/* Writes what is still to be summed up. */
void dms_refusals_free (DmsRefusals *self);

/* Counts a message and explains it in the log; FALSE when it will be part of a sum only. @rule: (nullable):
 * the rule of capability.md that it breaks, in a word; @peer: (nullable): the peer that brought it;
 * @envelope: (nullable): its content, of which nothing need be true; @why: for people. */
gboolean dms_refusals_note (DmsRefusals *self,
                            DmsRefusal refusal,
                            const char *rule,
                            const char *peer,
                            const char *inbox,
                            DmsEnvelope *envelope,
                            const char *why);
/* Writes the sums of the period so far and begins a new one; how many lines that took. Happens by itself. */
guint dms_refusals_sum_up (DmsRefusals *self);

guint64 dms_refusals_get_count (DmsRefusals *self, DmsRefusal refusal);
/* Of the messages refused by a rule. */
guint64 dms_refusals_get_count_of_rule (DmsRefusals *self, const char *rule);
/* {"<reason>":n, …, "rules":{"<rule>":n, …}} without those that never were. */
JsonObject *dms_refusals_to_json (DmsRefusals *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRefusals, dms_refusals_free)

G_END_DECLS
