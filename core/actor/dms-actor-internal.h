/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <sodium.h>

#include "actor/dms-actor-private.h"
#include "actor/dms-actor-registry-private.h"
#include "actor/dms-behaviour.h"
#include "actor/dms-mailbox.h"

G_BEGIN_DECLS

/* For the files that an actor is made of, and no others: dms-actor.c (its life, and what ends together),
 * -behaviours.c (what it answers to), -receive.c (what comes in), -send.c (what goes out). */

struct _DmsActor
{
  GObject parent_instance;

  DmsActorRegistry *registry;
  DmsSecurityContext *security;
  char *inbox;
  DmsHandle *handle;
  DmsActor *parent;
  GPtrArray *children;
  DmsActorEndedFunc on_ended; /* (nullable) */
  gpointer on_ended_data;

  gboolean running;
  GMainContext *context;
  GSource *dispatch;
  DmsMailbox *mailbox;
  GHashTable *behaviours;
  GHashTable *broadcasts;
  GHashTable *invocations;
  GHashTable *namespaces;
  char *denied_path;
  DmsBehaviourFunc denied_func;
  gpointer denied_data;
  guint64 next_invocation;
  guint8 reply_secret[crypto_shorthash_KEYBYTES];
};

/* Nanoseconds since the epoch. */
guint64 dms_actor_now_ns (void);
/* Begins, or ends, to listen to the topics of all its broadcast behaviours. */
void dms_actor_listen (DmsActor *self, gboolean listen);
/* What waits in the mailbox is not looked at any more. */
void dms_actor_stop_dispatch (DmsActor *self);

G_END_DECLS
