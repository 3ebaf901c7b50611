/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include <dms.h>

#include "actor/dms-handle.h"
#include "actor/dms-message.h"
#include "actor/dms-security-context.h"

G_BEGIN_DECLS

typedef struct _DmsActorRegistry DmsActorRegistry;

/* The default is the safe one: a behaviour needs the capability of its own path. */
typedef enum {
  DMS_BEHAVIOUR_REQUIRE = 0,          /* capability = the path; answers direct messages */
  DMS_BEHAVIOUR_BROADCAST = 1 << 0,   /* answers broadcasts on its topic, and those only */
  DMS_BEHAVIOUR_ONCE = 1 << 1,        /* removed after its first message */
  DMS_BEHAVIOUR_OPEN = 1 << 2,        /* a good signature is enough; for what anybody may know or say */
} DmsBehaviourFlags;

/* How long a message lives when the caller gives no expiry (0). */
#define DMS_ACTOR_DEFAULT_EXPIRY_SECONDS 30

#define DMS_TYPE_ACTOR (dms_actor_get_type ())
G_DECLARE_FINAL_TYPE (DmsActor, dms_actor, DMS, ACTOR, GObject)

typedef void (*DmsBehaviourFunc) (DmsActor *self, DmsMessage *message, gpointer user_data);

/* An actor gets messages once it is started. The registry keeps started actors alive. */
DmsActor *dms_actor_new (DmsActorRegistry *registry, const char *inbox, DmsSecurityContext *security);
/* An actor with its own key that acts for the same DID as its parent; `capabilities` NULL: shares the
 * parent's. Stopping the parent stops it. */
DmsActor *dms_actor_new_child (DmsActor *self,
                               const char *inbox,
                               DmsKey *key,
                               DmsCapabilityContext *capabilities);
gboolean dms_actor_start (DmsActor *self, GError **error);
/* Leaves the registry, ends pending invocations with DMS_ERROR_CANCELLED, drops the mailbox, stops
 * children. */
void dms_actor_stop (DmsActor *self);
gboolean dms_actor_is_running (DmsActor *self);

DmsHandle *dms_actor_get_handle (DmsActor *self);
const char *dms_actor_get_inbox (DmsActor *self);
DmsActorRegistry *dms_actor_get_registry (DmsActor *self);
DmsSecurityContext *dms_actor_get_security (DmsActor *self);
/* NULL for an actor that is nobody's child. */
DmsActor *dms_actor_get_parent (DmsActor *self);

/* Replaces a behaviour of the same path. */
void dms_actor_add_behaviour (DmsActor *self,
                              const char *path,
                              DmsBehaviourFlags flags,
                              DmsBehaviourFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy);
/* The same with everything said: another capability than the path (NULL: the path), the topic of a broadcast
 * behaviour (NULL: none), and a time after which it goes away (0: never). */
void dms_actor_add_behaviour_full (DmsActor *self,
                                   const char *path,
                                   DmsBehaviourFlags flags,
                                   const char *capability,
                                   const char *topic,
                                   guint64 expiry_ns,
                                   DmsBehaviourFunc func,
                                   gpointer user_data,
                                   GDestroyNotify destroy);
void dms_actor_add_broadcast (DmsActor *self,
                              const char *path,
                              const char *topic,
                              DmsBehaviourFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy);
/* Whoever lacks the capability of one behaviour may be told so, where the owner wants it: `func` is called
 * with a message whose signature is good and whose sender is not trusted in any other way. It is refused all
 * the same, and not limited: the function has to bound what it does. One at a time; NULL ends it. */
void dms_actor_set_denied_handler (DmsActor *self,
                                   const char *path,
                                   DmsBehaviourFunc func,
                                   gpointer user_data);
gboolean dms_actor_remove_behaviour (DmsActor *self, const char *path);
gboolean dms_actor_has_behaviour (DmsActor *self, const char *path);
/* (transfer full): the paths of all it answers to now, in no order. */
GStrv dms_actor_dup_behaviours (DmsActor *self);

/* Nanoseconds since the epoch, `seconds` from now: what every `expiry_ns` wants. */
guint64 dms_actor_expiry_in (double seconds);

/* Says something and does not wait. `reply_behaviour` (or NULL) is where answers go: a behaviour of ours.
 * FALSE when the message cannot even be made; what happens on the way is logged. Payloads are not taken. */
gboolean dms_actor_send (DmsActor *self,
                         DmsHandle *to,
                         const char *behaviour,
                         JsonNode *payload,
                         guint64 expiry_ns,
                         const char *reply_behaviour,
                         GError **error);
/* Asks and waits for the one answer, until the expiry (DMS_ERROR_TIMED_OUT: a refusal looks the same). */
void dms_actor_invoke_async (DmsActor *self,
                             DmsHandle *to,
                             const char *behaviour,
                             JsonNode *payload,
                             guint64 expiry_ns,
                             GCancellable *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer user_data);
DmsMessage *dms_actor_invoke_finish (DmsActor *self, GAsyncResult *result, GError **error);
/* Says something to all that listen to a topic. Our own actors get it too. */
gboolean dms_actor_broadcast (DmsActor *self,
                              const char *topic,
                              const char *behaviour,
                              JsonNode *payload,
                              guint64 expiry_ns,
                              const char *reply_behaviour,
                              GError **error);

/* The same with a payload that is JSON already. (payload: nullable) */
gboolean dms_actor_broadcast_bytes (DmsActor *self,
                                    const char *topic,
                                    const char *behaviour,
                                    GBytes *payload,
                                    guint64 expiry_ns,
                                    const char *reply_behaviour,
                                    GError **error);

/* Allows a DID some capabilities on this actor alone, until the expiry; replaces what `owner` (any text,
 * such as an ensemble ID) granted that DID here before. The node keeps the grant, so the subject's own
 * signature is enough from then on; the returned tokens may be attached to a reply besides. NULL on error. */
GBytes *dms_actor_grant (DmsActor *self,
                         const char *owner,
                         DmsDid *subject,
                         const char *const *capabilities,
                         guint64 expiry_ns,
                         GError **error);
/* Lets a behaviour, or a child, end with an owner. */
void dms_actor_bind_behaviour (DmsActor *self, const char *owner, const char *path);
void dms_actor_bind_child (DmsActor *self, const char *owner, DmsActor *child);
/* Ends an owner's name space on this actor: takes back what was granted, removes its behaviours, stops its
 * children. Stopping the actor ends all of them. */
void dms_actor_withdraw (DmsActor *self, const char *owner);

G_END_DECLS
