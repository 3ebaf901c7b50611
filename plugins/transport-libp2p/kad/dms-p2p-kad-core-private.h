/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-core.h"
#include "kad/dms-p2p-kad-limits.h"
#include "kad/dms-p2p-kad-message.h"
#include "kad/dms-p2p-kad-namespace.h"
#include "kad/dms-p2p-kad-operation.h"

G_BEGIN_DECLS

struct _DmsP2pKadCore
{
  DmsP2pKadPeer *self_peer;
  DmsP2pKadEnvironment environment;
  gpointer user_data;

  DmsP2pKadTable *table;
  DmsP2pKadRecords *records;
  DmsP2pKadProviders *providers;

  guint64 last_number;
  /* Number to DmsP2pKadRequest, and the same in the order in which they run out of time. */
  GHashTable *requests;
  GQueue timeouts;
  /* DmsP2pKadOperation, the oldest first. */
  GPtrArray *operations;
  /* GBytes to DmsP2pKadOwn: what this host keeps in the network. */
  GHashTable *own_values;
  GHashTable *own_provided;

  /* Upkeep: dms-p2p-kad-upkeep.c. */
  gint64 next_check_us;
  gint64 next_refresh_us;
  gint64 last_refresh_us;
  /* The operation that refreshes; 0 for none. */
  guint64 refreshing;
  guint refreshed;
  /* DmsPeerId of those being asked whether they are there. */
  GHashTable *checking;
};

/* A request on its way. */
typedef struct
{
  guint64 number;
  DmsP2pKadPeer *peer;
  /* What an answer must be of. */
  DmsP2pKadType type;
  gint64 deadline_us;
  GList link;
  /* The operation it is for; 0 when it only asks whether the peer is there. */
  guint64 operation;
  /* It stores something, and is no part of the lookup. */
  gboolean is_store;
  /* (nullable): who takes the place of the peer when it is not there. */
  DmsP2pKadPeer *newcomer;
  guint64 newcomer_group;
} DmsP2pKadRequest;

gint64 dms_p2p_kad_core_get_now (DmsP2pKadCore *self);
void dms_p2p_kad_core_randomize (DmsP2pKadCore *self, void *buffer, gsize size);
void dms_p2p_kad_core_wake (DmsP2pKadCore *self);
/* Borrowed, until the main loop runs. */
DmsP2pKadRequest *dms_p2p_kad_core_send (DmsP2pKadCore *self,
                                         DmsP2pKadPeer *peer,
                                         DmsP2pKadType type,
                                         GBytes *message,
                                         guint64 operation);
/* Gives up all requests of an operation. */
void dms_p2p_kad_core_give_up (DmsP2pKadCore *self, guint64 operation);
/* A peer has shown that it serves. @group: where. */
void dms_p2p_kad_core_meet (DmsP2pKadCore *self, DmsP2pKadPeer *peer, guint64 group);
DmsP2pKadOperation *dms_p2p_kad_core_find_operation (DmsP2pKadCore *self, guint64 number);
/* Takes it out of the list. */
void dms_p2p_kad_core_forget_operation (DmsP2pKadCore *self, DmsP2pKadOperation *operation);
guint64 dms_p2p_kad_core_start (DmsP2pKadCore *self, DmsP2pKadOperation *operation);

/* dms-p2p-kad-upkeep.c */
void dms_p2p_kad_core_init_upkeep (DmsP2pKadCore *self);
void dms_p2p_kad_core_keep_up (DmsP2pKadCore *self);
gint64 dms_p2p_kad_core_get_upkeep_deadline (DmsP2pKadCore *self);
/* The table has gained a peer. */
void dms_p2p_kad_core_hurry_refresh (DmsP2pKadCore *self);
void dms_p2p_kad_core_check_peer (DmsP2pKadCore *self,
                                  DmsP2pKadPeer *peer,
                                  DmsP2pKadPeer *newcomer,
                                  guint64 newcomer_group);
gboolean dms_p2p_kad_core_keep_value (DmsP2pKadCore *self, GBytes *key, GBytes *value);
gboolean dms_p2p_kad_core_keep_provided (DmsP2pKadCore *self, GBytes *multihash);
void dms_p2p_kad_core_free_upkeep (DmsP2pKadCore *self);

/* dms-p2p-kad-server.c */
/* Whether @record may take the place of what is kept under its key: the one rule for what comes from peers
 * and what this host puts. @from: (nullable): NULL for this host. */
gboolean
dms_p2p_kad_core_store (DmsP2pKadCore *self, DmsP2pKadRecord *record, DmsPeerId *from, GError **error);
/* Whether something can be provided under @key: a multihash, and not too long. */
gboolean dms_p2p_kad_core_check_provided (GBytes *key, GError **error);

G_END_DECLS
