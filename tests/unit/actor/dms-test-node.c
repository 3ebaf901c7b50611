/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-test-node.h"

#include "common/dms-json-object.h"
#include "dms-memory-transport.h"

struct _DmsTestNode
{
  DmsKey *key;
  DmsCapabilityContext *capabilities;
  DmsTransport *transport;
  DmsActorRegistry *registry;
  DmsActor *root;
  char *network;
};

static void
on_started (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  dms_transport_start_finish (DMS_TRANSPORT (source), result, &error);
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

static void
on_stopped (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (dms_transport_stop_finish (DMS_TRANSPORT (source), result, NULL));
  *(gboolean *) user_data = TRUE;
}

static gboolean
is_set (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static void
start_transport (DmsTestNode *self)
{
  g_autoptr (JsonObject) params = json_object_new ();
  g_autoptr (GBytes) seed = dms_key_dup_seed (self->key);
  g_autoptr (DmsTransportConfig) config = NULL;
  gboolean started = FALSE;

  json_object_set_string_member (params, "hub", self->network);
  config = dms_transport_config_new (seed, NULL, NULL, NULL, params);
  dms_transport_start_async (self->transport, config, NULL, on_started, &started);
  dms_test_wait (is_set, &started);
}

DmsTestNode *
dms_test_node_new (const char *network)
{
  DmsTestNode *self = g_new0 (DmsTestNode, 1);
  g_autoptr (DmsSecurityContext) security = NULL;
  g_autoptr (GError) error = NULL;

  self->key = dms_key_generate ();
  self->capabilities = dms_capability_context_new (dms_key_get_did (self->key), self->key);
  self->network = g_strdup (network);
  self->transport = dms_memory_transport_new ();
  start_transport (self);
  self->registry = dms_actor_registry_new (self->transport);
  security = dms_security_context_new (self->key, self->capabilities);
  self->root = dms_actor_new (self->registry, "root", security);
  dms_actor_start (self->root, &error);
  g_assert_no_error (error);
  return self;
}

static void
stop_transport (DmsTestNode *self)
{
  gboolean stopped = FALSE;

  dms_transport_stop_async (self->transport, NULL, on_stopped, &stopped);
  dms_test_wait (is_set, &stopped);
}

void
dms_test_node_set_connected (DmsTestNode *self, gboolean connected)
{
  if (connected)
    start_transport (self);
  else
    stop_transport (self);
}

static void
assert_gone (gpointer *weak)
{
  if (*weak != NULL)
    g_error ("a %s is still referenced %u times", G_OBJECT_TYPE_NAME (*weak), G_OBJECT (*weak)->ref_count);
}

void
dms_test_node_free (DmsTestNode *self)
{
  gpointer registry = self->registry;
  gpointer root = self->root;
  gpointer capabilities = self->capabilities;

  g_object_add_weak_pointer (registry, &registry);
  g_object_add_weak_pointer (root, &root);
  g_object_add_weak_pointer (capabilities, &capabilities);
  dms_actor_registry_stop (self->registry);
  stop_transport (self);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_object_unref (self->root);
  g_object_unref (self->registry);
  g_object_unref (self->transport);
  g_object_unref (self->capabilities);
  assert_gone (&root);
  assert_gone (&registry);
  assert_gone (&capabilities);
  dms_key_unref (self->key);
  g_free (self->network);
  g_free (self);
}

DmsKey *
dms_test_node_get_key (DmsTestNode *self)
{
  return self->key;
}

DmsDid *
dms_test_node_get_did (DmsTestNode *self)
{
  return dms_key_get_did (self->key);
}

DmsCapabilityContext *
dms_test_node_get_capabilities (DmsTestNode *self)
{
  return self->capabilities;
}

DmsTransport *
dms_test_node_get_transport (DmsTestNode *self)
{
  return self->transport;
}

DmsActorRegistry *
dms_test_node_get_registry (DmsTestNode *self)
{
  return self->registry;
}

DmsActor *
dms_test_node_get_root (DmsTestNode *self)
{
  return self->root;
}

DmsHandle *
dms_test_node_get_handle (DmsTestNode *self)
{
  return dms_actor_get_handle (self->root);
}

static void
allow (DmsTestNode *self, DmsTestNode *other, const char *capability, const char *topic)
{
  const char *const capabilities[] = { capability, NULL };
  const char *const topics[] = { topic, NULL };
  g_autoptr (DmsTokenList) tokens = NULL;
  g_autoptr (GError) error = NULL;

  tokens = dms_capability_context_grant (self->capabilities, dms_test_node_get_did (other), NULL,
                                         topic != NULL ? topics : NULL, capabilities,
                                         dms_actor_expiry_in (3600), 0, &error);
  g_assert_no_error (error);
  dms_capability_context_anchor_require (self->capabilities, tokens, &error);
  g_assert_no_error (error);
}

void
dms_test_node_allow (DmsTestNode *self, DmsTestNode *other, const char *capability)
{
  allow (self, other, capability, NULL);
}

void
dms_test_node_allow_broadcast (DmsTestNode *self,
                               DmsTestNode *other,
                               const char *capability,
                               const char *topic)
{
  allow (self, other, capability, topic);
}

typedef struct {
  DmsMessage *message;
  GError *error;
  gboolean done;
} Invoked;

static void
on_invoked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Invoked *invoked = user_data;

  invoked->message = dms_actor_invoke_finish (DMS_ACTOR (source), result, &invoked->error);
  invoked->done = TRUE;
}

DmsMessage *
dms_test_invoke (DmsActor *actor,
                 DmsHandle *to,
                 const char *behaviour,
                 const char *json,
                 double seconds,
                 GError **error)
{
  g_autoptr (JsonNode) payload = dms_json_node_from_text (json, -1, NULL);
  Invoked invoked = { 0 };

  g_assert_nonnull (payload);
  dms_actor_invoke_async (actor, to, behaviour, payload,
                          dms_test_expiry_in (seconds), NULL, on_invoked,
                          &invoked);
  dms_test_wait (is_set, &invoked.done);
  if (invoked.error != NULL)
    g_propagate_error (error, invoked.error);
  return invoked.message;
}

double
dms_test_get_patience (void)
{
  const char *text = g_getenv ("DMS_TEST_PATIENCE");

  return text != NULL ? MAX (1, g_ascii_strtod (text, NULL)) : 1;
}

guint64
dms_test_expiry_in (double seconds)
{
  return dms_actor_expiry_in (seconds * dms_test_get_patience ());
}

void
dms_test_wait (DmsTestCondition condition, gpointer user_data)
{
  gint64 deadline = g_get_monotonic_time () + (gint64) (10 * dms_test_get_patience () * G_TIME_SPAN_SECOND);

  while (!condition (user_data))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (500);
    }
}

/* What a machine that is busy takes from this process is no time in which anything could have happened here:
 * of the time between two looks at the clock no more than a millisecond counts. Yet there is an end to it. */
void
dms_test_run (guint milliseconds)
{
  gint64 left = (gint64) (milliseconds * dms_test_get_patience () * G_TIME_SPAN_MILLISECOND);
  gint64 before = g_get_monotonic_time ();
  gint64 deadline = before + 4 * left + G_TIME_SPAN_SECOND / 2;

  while (left > 0 && before < deadline)
    {
      gint64 now;

      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (500);
      now = g_get_monotonic_time ();
      left -= MIN (now - before, G_TIME_SPAN_MILLISECOND);
      before = now;
    }
}
