/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "p2p-node.h"

G_BEGIN_DECLS

/* One line that was read, until it is answered. */
typedef struct
{
  gint64 id;
  JsonObject *arguments;
  P2pNode *node;
  gint64 begin_us;
  /* Until the end of a command of several streams or nodes. */
  guint left;
  guint opening;
  guint good;
  char *why;
  guint8 *bytes;
  gsize size;
  gpointer extra;
  guint timeout;
} P2pCommand;

P2pCommand *p2p_command_new (P2pNode *node, JsonObject *arguments);
void p2p_command_free (P2pCommand *self);
/* These answer, and free it. @object belongs to them. */
void p2p_command_answer (P2pCommand *self, JsonObject *object);
void p2p_command_answer_timed (P2pCommand *self, JsonObject *object);
void p2p_command_fail (P2pCommand *self, const GError *error);

const char *p2p_command_get_text (P2pCommand *self, const char *name, const char *otherwise);
gint64 p2p_command_get_number (P2pCommand *self, const char *name, gint64 otherwise);
gboolean p2p_command_get_boolean (P2pCommand *self, const char *name, gboolean otherwise);
/* NULL-terminated; NULL when it is not there. */
GStrv p2p_command_dup_texts (P2pCommand *self, const char *name);
DmsPeerId *p2p_command_dup_peer (P2pCommand *self, GError **error);

/* Those that are about streams, in p2p-stream-commands.c. FALSE when @name is none of them. */
gboolean p2p_command_run_on_stream (P2pCommand *self, const char *name);
/* Those that are about the distributed hash table, in p2p-dht-commands.c. */
gboolean p2p_command_run_on_dht (P2pCommand *self, const char *name);

/* The same of gossip, in p2p-gossip-commands.c. */
gboolean p2p_command_run_on_gossip (P2pCommand *self, const char *name);
/* The same of NAT traversal, in p2p-nat-commands.c. */
gboolean p2p_command_run_on_nat (P2pCommand *self, const char *name);

G_END_DECLS
