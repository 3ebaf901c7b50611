/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"

G_BEGIN_DECLS

#define FAR       G_GUINT64_CONSTANT (4102444800000000000)
#define CAPS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* Somebody with a key and a context; an actor of theirs has a key of its own. */
typedef struct
{
  DmsKey *key;
  DmsDid *did;
  DmsCapabilityContext *context;
  DmsKey *actor;
  char *actor_id;
} DmsParty;

/* An organisation, one of its users, a node, and somebody who belongs nowhere; always the same keys. */
typedef struct
{
  DmsParty org;
  DmsParty user;
  DmsParty node;
  DmsParty mallory;
} DmsParties;

void dms_parties_set_up (DmsParties *f, gconstpointer data);
void dms_parties_tear_down (DmsParties *f, gconstpointer data);
/* In nanoseconds, as tokens count. */
guint64 dms_parties_get_now (void);
DmsTokenList *dms_party_grant (DmsParty *from,
                               DmsParty *to,
                               const char *const *topics,
                               const char *const *caps,
                               guint64 expiry,
                               guint64 depth);
void dms_party_anchor_require (DmsParty *party, DmsTokenList *tokens);
void dms_party_anchor_provide (DmsParty *party, DmsTokenList *tokens);
/* Whether a message of one party's actor with these tokens may use a capability at another's. */
gboolean dms_party_accepts (DmsParty *from, DmsParty *to, GBytes *tokens, const char *cap);
/* The field's flow: the node trusts an organisation with some capabilities, which passes them to a user. */
void dms_parties_set_up_organisation (DmsParties *f);

G_END_DECLS
