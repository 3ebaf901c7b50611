/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "identity/dms-p2p-identity.h"
#include "kad/dms-p2p-kad-core.h"
#include "kad/dms-p2p-kad-message.h"

G_BEGIN_DECLS

/* A network of many cores in one process under a virtual clock: the same seed makes the same network do the
 * same. */
typedef struct _DmsKadSimulation DmsKadSimulation;
typedef struct _DmsKadNode DmsKadNode;

/* Answers in place of a core: NULL for no answer at all. */
typedef GBytes *(*DmsKadRespond) (DmsKadSimulation *self, DmsKadNode *node, DmsP2pKadMessage *request);

struct _DmsKadNode
{
  DmsKadSimulation *simulation;
  guint number;
  DmsP2pIdentity *identity;
  DmsPeerId *id;
  DmsP2pKadKey key;
  DmsMultiaddr *address;
  /* NULL for one that responds in another way. */
  DmsP2pKadCore *core;
  DmsKadRespond respond;
  gboolean is_down;
  guint n_handled;

  /*< private >*/
  GHashTable *met;
  GHashTable *given_up;
  gint64 wake_us;
};

struct _DmsKadSimulation
{
  /* DmsKadNode */
  GPtrArray *nodes;
  GRand *rand;
  gint64 now_us;
  /* What has happened, in one number. */
  guint64 trace;
  guint64 n_messages;
  guint64 n_bytes;

  /*< private >*/
  GHashTable *by_id;
  GArray *heap;
  guint64 last_event;
};

DmsKadSimulation *dms_kad_simulation_new (guint32 seed);
void dms_kad_simulation_free (DmsKadSimulation *self);

/* @ip: (nullable): NULL for one of a network of its own. */
DmsKadNode *dms_kad_simulation_add (DmsKadSimulation *self, const char *ip, DmsKadRespond respond);
/* The same with a certain private key. */
DmsKadNode *dms_kad_simulation_add_as (DmsKadSimulation *self,
                                       const guint8 seed[32],
                                       const char *ip,
                                       DmsKadRespond respond);
/* They connect, and each learns that the other serves. */
void dms_kad_simulation_connect (DmsKadSimulation *self, DmsKadNode *a, DmsKadNode *b);
/* Adds so many, one after the other, each connected to a few that are there; and waits until all are at rest.
 */
void dms_kad_simulation_grow (DmsKadSimulation *self, guint n);
DmsKadNode *dms_kad_simulation_find (DmsKadSimulation *self, DmsPeerId *id);
DmsKadNode *dms_kad_simulation_pick (DmsKadSimulation *self);

void dms_kad_simulation_run (DmsKadSimulation *self, gint64 duration_us);
/* Until @condition is not 0; fails after 10 virtual minutes. */
void dms_kad_simulation_until (DmsKadSimulation *self, const guint *condition);

/* The nodes that are up and closest to @key, but for @but. */
GPtrArray *
dms_kad_simulation_list_closest (DmsKadSimulation *self, const DmsP2pKadKey *key, guint n, DmsKadNode *but);

/* A copy of what an operation was told; @data of dms_kad_on_done(). */
typedef struct
{
  guint done;
  GError *error;
  GPtrArray *peers;
  GBytes *value;
  guint n_stored;
  guint n_requests;
  guint hops;
} DmsKadOutcome;

void dms_kad_on_done (DmsP2pKadCore *core, const DmsP2pKadResult *result, gpointer user_data);
void dms_kad_outcome_clear (DmsKadOutcome *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsKadSimulation, dms_kad_simulation_free)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DmsKadOutcome, dms_kad_outcome_clear)

G_END_DECLS
