/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-actor.h"
#include "actor/dms-envelope.h"
#include "actor/dms-limits.h"
#include "actor/dms-refusals.h"
#include "actor/dms-replay-guard.h"

G_BEGIN_DECLS

#define DMS_TYPE_ACTOR_REGISTRY (dms_actor_registry_get_type ())

/* The actors of one node and its way to the others: one a node, made with a started transport.
 * Lives in the main context that made it. */
G_DECLARE_FINAL_TYPE (DmsActorRegistry, dms_actor_registry, DMS, ACTOR_REGISTRY, GObject)

/* The first message to an inbox as it came: the bytes of an envelope nobody has verified. */
typedef void (*DmsRawHandlerFunc) (DmsActorRegistry *self,
                                   const char *inbox,
                                   GBytes *bytes,
                                   gpointer user_data);

DmsActorRegistry *dms_actor_registry_new (DmsTransport *transport);
/* What it takes from others; before that the built-in limits hold. */
void dms_actor_registry_set_limits (DmsActorRegistry *self, const DmsLimits *limits);
/* Takes the memory for replays; before that there is one that ends with the process. */
void dms_actor_registry_set_replay_guard (DmsActorRegistry *self, DmsReplayGuard *guard);
/* Leaves the transport and stops every actor. */
void dms_actor_registry_stop (DmsActorRegistry *self);

DmsTransport *dms_actor_registry_get_transport (DmsActorRegistry *self);
/* The text of this node's peer ID: the host of its actors' addresses. */
const char *dms_actor_registry_get_host (DmsActorRegistry *self);

DmsActor *dms_actor_registry_lookup (DmsActorRegistry *self, const char *inbox);
/* Whether a message can be handed over: the receiver runs here and acts for the same node as the sender.
 * @to, @payload: (nullable) */
gboolean dms_actor_registry_is_own (DmsActorRegistry *self,
                                    DmsSecurityContext *sender,
                                    DmsHandle *to,
                                    GBytes *payload);
/* Takes an inbox for raw messages (a REST invoke); DMS_ERROR_ALREADY_EXISTS when it is in use. */
gboolean dms_actor_registry_add_raw (DmsActorRegistry *self,
                                     const char *inbox,
                                     DmsRawHandlerFunc func,
                                     gpointer user_data,
                                     GDestroyNotify destroy,
                                     GError **error);
void dms_actor_registry_remove_raw (DmsActorRegistry *self, const char *inbox);

/* Carries an envelope to its destination: within the node when the host is ours, else by the transport. */
void dms_actor_registry_send_async (DmsActorRegistry *self,
                                    DmsEnvelope *envelope,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
gboolean dms_actor_registry_send_finish (DmsActorRegistry *self, GAsyncResult *result, GError **error);
void dms_actor_registry_publish_async (DmsActorRegistry *self,
                                       DmsEnvelope *envelope,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean dms_actor_registry_publish_finish (DmsActorRegistry *self, GAsyncResult *result, GError **error);

guint64 dms_actor_registry_get_refusals (DmsActorRegistry *self, DmsRefusal refusal);
/* What every part that refuses a message tells; never NULL. */
DmsRefusals *dms_actor_registry_get_refusal_log (DmsActorRegistry *self);

G_END_DECLS
