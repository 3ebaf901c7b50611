/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "dms-libp2p-callback.h"
#include "gossipsub/dms-p2p-gossip.h"

G_BEGIN_DECLS

/* Who listens to which topic, who judges what is said there, and what is about to be delivered. What was set
 * stays while the transport does not run. */
typedef struct _DmsLibp2pTopics DmsLibp2pTopics;

/* @transport: borrowed, in whose name handlers are called. */
DmsLibp2pTopics *dms_libp2p_topics_new (DmsTransport *transport);
void dms_libp2p_topics_free (DmsLibp2pTopics *self);

/* Before the host has any connection. */
void dms_libp2p_topics_enter (DmsLibp2pTopics *self, DmsP2pHost *host);
/* Before the host is closed. Nothing is delivered afterwards. */
void dms_libp2p_topics_leave (DmsLibp2pTopics *self);
/* Lets go of all handlers. */
void dms_libp2p_topics_clear (DmsLibp2pTopics *self);

/* A DmsTopicHandler. */
gboolean dms_libp2p_topics_subscribe (DmsLibp2pTopics *self,
                                      const char *topic,
                                      DmsLibp2pCallback *handler,
                                      GError **error);
void dms_libp2p_topics_unsubscribe (DmsLibp2pTopics *self, const char *topic);
/* A DmsTopicValidator; (nullable): NULL for nobody. */
void dms_libp2p_topics_set_validator (DmsLibp2pTopics *self, const char *topic, DmsLibp2pCallback *validator);
/* Returns @task, a boolean one, when the message was judged. The transport runs. */
void dms_libp2p_topics_publish (DmsLibp2pTopics *self, const char *topic, GBytes *bytes, GTask *task);
/* NULL when it does not run. */
DmsP2pGossip *dms_libp2p_topics_get_gossip (DmsLibp2pTopics *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (DmsLibp2pTopics, dms_libp2p_topics_free)

G_END_DECLS
