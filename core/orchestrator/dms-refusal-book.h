/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "orchestrator/dms-refusal-need.h"
#include "provider/dms-bid-refusal.h"

G_BEGIN_DECLS

/* What machines said when they were asked for a deployment: who offered, and why the others did not. It
 * counts by reason and keeps a few examples, those that came nearest; one answer of each machine in a round.
 * All of it is hearsay. Survives its deployment in the deployment's record. */
typedef struct _DmsRefusalBook DmsRefusalBook;

DmsRefusalBook *dms_refusal_book_new (void);
void dms_refusal_book_free (DmsRefusalBook *self);

/* Begins a new round, which replaces the last one. needs: (element-type DmsRefusalNeed): what is asked for;
 * also of nodes that have offers already */
void dms_refusal_book_begin (DmsRefusalBook *self, GPtrArray *needs);
/* Whether there is a round at all. */
gboolean dms_refusal_book_has_round (DmsRefusalBook *self);
/* A machine that was asked by itself. */
void dms_refusal_book_add_asked (DmsRefusalBook *self, const char *peer);
/* One that offered to run a node. */
void dms_refusal_book_add_offer (DmsRefusalBook *self, const char *peer, const char *node);
/* One that refused. FALSE when it does not count: a second answer, one too many, or none of it is believed.
 */
gboolean dms_refusal_book_add (DmsRefusalBook *self, const char *peer, DmsBidRefusal *refusal);
/* How many of those that were asked by themselves have not answered. */
guint dms_refusal_book_count_silent (DmsRefusalBook *self);
/* The machine that was taken for a node: what it costs (dms_bid_ranking_get_cost()), and of how many. */
void dms_refusal_book_choose (DmsRefusalBook *self,
                              const char *node,
                              const char *peer,
                              double cost,
                              guint n_offers,
                              const char *terms);

/* (transfer full): in a line: `37 asked: 21 too little RAM, 9 no such GPU, 7 not granted; relax RAM to 6 GiB
 * for 12 hosts`; empty before anybody was asked. */
char *dms_refusal_book_describe (DmsRefusalBook *self);
/* (transfer full): the same and more for programs, and for the record. */
JsonNode *dms_refusal_book_to_json (DmsRefusalBook *self);
/* Takes up what the record has. node: (nullable) */
void dms_refusal_book_read (DmsRefusalBook *self, JsonNode *node);
/* The line of a record. (nullable): NULL when there is none */
const char *dms_refusal_book_get_text (JsonNode *record);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsRefusalBook, dms_refusal_book_free)

G_END_DECLS
