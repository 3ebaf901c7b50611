/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "kad/dms-p2p-kad-core.h"
#include "kad/dms-p2p-kad-message.h"
#include "kad/dms-p2p-kad-query.h"

G_BEGIN_DECLS

typedef enum
{
  DMS_P2P_KAD_FIND_CLOSEST,
  DMS_P2P_KAD_FIND_PEER,
  DMS_P2P_KAD_GET,
  DMS_P2P_KAD_PUT,
  DMS_P2P_KAD_PROVIDE,
  DMS_P2P_KAD_FIND_PROVIDERS,
} DmsP2pKadKind;

/* What a host is after in the network: a lookup, what its answers are good for, and perhaps storing something
 * with the closest peers at the end. */
typedef struct
{
  DmsP2pKadKind kind;
  guint64 number;
  gint64 deadline_us;
  GBytes *key;
  DmsP2pKadQuery *query;
  /* What is asked on the way. */
  GBytes *question;
  DmsP2pKadDone done;
  gpointer user_data;
  GError *error;

  /* Something is to be done that needs no answer. */
  gboolean is_ready;
  gboolean is_follow_up;
  gboolean is_storing;
  guint n_storing;
  guint n_stored;

  /* DMS_P2P_KAD_PUT: what is put; DMS_P2P_KAD_GET: the best value, and who has it. */
  GBytes *value;
  /* DmsPeerId */
  GHashTable *holders;
  guint quorum;

  /* DMS_P2P_KAD_FIND_PEER: who, and where it is said to be. DMS_P2P_KAD_FIND_PROVIDERS: who was found, by
   * DmsPeerId. */
  DmsPeerId *peer;
  GPtrArray *found;
  GHashTable *found_ids;
  guint max_found;
} DmsP2pKadOperation;

DmsP2pKadOperation *dms_p2p_kad_operation_new (DmsP2pKadCore *core,
                                               DmsP2pKadKind kind,
                                               GBytes *key,
                                               DmsP2pKadDone done,
                                               gpointer user_data);
void dms_p2p_kad_operation_free (DmsP2pKadOperation *self);

/* Goes on as far as it can without an answer. It may be gone afterwards. */
void dms_p2p_kad_operation_step (DmsP2pKadOperation *self, DmsP2pKadCore *core);
/* An answer to its question, as it came; @remote: (nullable). */
void dms_p2p_kad_operation_take (DmsP2pKadOperation *self,
                                 DmsP2pKadCore *core,
                                 DmsP2pKadPeer *from,
                                 DmsP2pKadMessage *answer,
                                 DmsMultiaddr *remote);
/* A request to store something has ended. @answer: (nullable): what it was answered. */
void dms_p2p_kad_operation_note_stored (DmsP2pKadOperation *self, gboolean is_good, DmsP2pKadMessage *answer);
/* Tells what came of it, and ends it. */
void dms_p2p_kad_operation_finish (DmsP2pKadOperation *self, DmsP2pKadCore *core);
/* What is found in this host itself. */
void dms_p2p_kad_operation_take_value (DmsP2pKadOperation *self,
                                       DmsP2pKadCore *core,
                                       DmsPeerId *holder,
                                       DmsP2pKadRecord *record);
void dms_p2p_kad_operation_take_place (DmsP2pKadOperation *self, DmsP2pKadPeer *peer);
void dms_p2p_kad_operation_take_provider (DmsP2pKadOperation *self, DmsP2pKadPeer *provider);

G_END_DECLS
