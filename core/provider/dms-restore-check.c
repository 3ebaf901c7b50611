/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "provider/dms-restore-check.h"

#include "common/dms-json-object.h"
#include "observability/dms-log.h"

enum
{
  /* Of the first round; our own orchestrator may be a moment behind us. */
  FIRST_SECONDS = 5,
  ASK_SECONDS = 60,
  COOL_DOWN_SECONDS = 15,
  MAX_COOL_DOWN_SECONDS = 3600,
  GIVE_UP_SECONDS = 3 * 3600,
};

struct _DmsRestoreCheck
{
  GObject parent_instance;

  DmsActor *root;
  DmsHandle *orchestrator;
  char *ensemble_id;
  GPtrArray *allocation_ids;
  /* Which of them the question is about; G_MAXUINT: about all of them. */
  guint asked;
  GCancellable *cancellable;
  gint64 began_us;
  guint ask_seconds;
  guint cool_down;
  guint timer_id;
};

enum
{
  SIGNAL_UNWANTED,
  SIGNAL_DECIDED,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (DmsRestoreCheck, dms_restore_check, G_TYPE_OBJECT)

/**
 * dms_restore_check_stop:
 * @self: a check
 *
 * Asks no more and decides nothing.
 */
void
dms_restore_check_stop (DmsRestoreCheck *self)
{
  g_return_if_fail (DMS_IS_RESTORE_CHECK (self));

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timer_id, g_source_remove);
}

static void
dms_restore_check_finalize (GObject *object)
{
  DmsRestoreCheck *self = DMS_RESTORE_CHECK (object);

  dms_restore_check_stop (self);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->root);
  g_clear_pointer (&self->orchestrator, dms_handle_unref);
  g_clear_pointer (&self->allocation_ids, g_ptr_array_unref);
  g_free (self->ensemble_id);

  G_OBJECT_CLASS (dms_restore_check_parent_class)->finalize (object);
}

static void
dms_restore_check_class_init (DmsRestoreCheckClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = dms_restore_check_finalize;

  /**
   * DmsRestoreCheck::unwanted:
   * @allocation_id: one of the allocations
   *
   * The orchestrator does not want this one any more, or was not heard of for three hours.
   */
  signals[SIGNAL_UNWANTED] = g_signal_new ("unwanted",
                                           DMS_TYPE_RESTORE_CHECK,
                                           G_SIGNAL_RUN_LAST,
                                           0,
                                           NULL,
                                           NULL,
                                           NULL,
                                           G_TYPE_NONE,
                                           1,
                                           G_TYPE_STRING);

  /**
   * DmsRestoreCheck::decided:
   *
   * All that is unwanted was told; the rest stays.
   */
  signals[SIGNAL_DECIDED] = g_signal_new (
      "decided", DMS_TYPE_RESTORE_CHECK, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
dms_restore_check_init (DmsRestoreCheck *self)
{
  self->cancellable = g_cancellable_new ();
  self->allocation_ids = g_ptr_array_new_with_free_func (g_free);
  self->asked = G_MAXUINT;
  self->ask_seconds = FIRST_SECONDS;
  self->cool_down = COOL_DOWN_SECONDS;
}

/**
 * dms_restore_check_new:
 * @root: the node's root actor, which asks
 * @ensemble_id: the ensemble
 * @orchestrator: who answers
 *
 * Returns: (transfer full): the check
 */
DmsRestoreCheck *
dms_restore_check_new (DmsActor *root, const char *ensemble_id, DmsHandle *orchestrator)
{
  DmsRestoreCheck *self = g_object_new (DMS_TYPE_RESTORE_CHECK, NULL);

  self->root = g_object_ref (root);
  self->ensemble_id = g_strdup (ensemble_id);
  self->orchestrator = dms_handle_ref (orchestrator);
  return self;
}

const char *
dms_restore_check_get_ensemble_id (DmsRestoreCheck *self)
{
  g_return_val_if_fail (DMS_IS_RESTORE_CHECK (self), NULL);

  return self->ensemble_id;
}

void
dms_restore_check_add (DmsRestoreCheck *self, const char *allocation_id)
{
  g_return_if_fail (DMS_IS_RESTORE_CHECK (self));

  g_ptr_array_add (self->allocation_ids, g_strdup (allocation_id));
}

static JsonNode *
build_question (DmsRestoreCheck *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *names = json_array_new ();

  for (guint i = 0; i < self->allocation_ids->len; i++)
    if (self->asked == G_MAXUINT || self->asked == i)
      json_array_add_string_element (names, g_ptr_array_index (self->allocation_ids, i));
  json_object_set_string_member (object, "EnsembleID", self->ensemble_id);
  /* The protocol spells it so. */
  json_object_set_array_member (object, "AllocationNamess", names);
  json_node_take_object (node, object);
  return node;
}

static void ask (DmsRestoreCheck *self);

static gboolean
ask_again (gpointer user_data)
{
  DmsRestoreCheck *self = user_data;

  self->timer_id = 0;
  ask (self);
  return G_SOURCE_REMOVE;
}

static void
give_up (DmsRestoreCheck *self, guint index, const char *reason)
{
  const char *id = g_ptr_array_index (self->allocation_ids, index);

  dms_log_event (G_LOG_LEVEL_WARNING,
                 "restore_rolled_back",
                 "orchestratorID",
                 self->ensemble_id,
                 "allocationID",
                 id,
                 "error",
                 reason,
                 NULL);
  g_signal_emit (self, signals[SIGNAL_UNWANTED], 0, id);
}

/* Of several the answer does not say which one is unwanted, and the others run for somebody: then each is
 * asked for by itself. */
static void
take_answer (DmsRestoreCheck *self, gboolean wanted, const char *reason)
{
  gboolean together = self->asked == G_MAXUINT;

  if (together && !wanted && self->allocation_ids->len > 1)
    {
      self->asked = 0;
      ask (self);
      return;
    }
  if (!wanted)
    give_up (self, together ? 0 : self->asked, reason);
  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (!together && ++self->asked < self->allocation_ids->len)
    ask (self);
  else
    g_signal_emit (self, signals[SIGNAL_DECIDED], 0);
}

static void
answered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (DmsRestoreCheck) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (DmsMessage) reply = dms_actor_invoke_finish (DMS_ACTOR (source), result, &error);
  JsonObject *object = reply != NULL ? dms_message_get_object (reply) : NULL;
  gint64 waited_us = g_get_monotonic_time () - self->began_us;

  if (g_cancellable_is_cancelled (self->cancellable))
    return;
  if (reply != NULL)
    {
      take_answer (self, dms_json_object_get_flag (object, "OK"), dms_json_object_get_text (object, "Error"));
      return;
    }
  if (waited_us > (gint64) GIVE_UP_SECONDS * G_USEC_PER_SEC)
    {
      for (guint i = self->asked == G_MAXUINT ? 0 : self->asked; i < self->allocation_ids->len; i++)
        give_up (self, i, error->message);
      g_signal_emit (self, signals[SIGNAL_DECIDED], 0);
      return;
    }
  self->ask_seconds = ASK_SECONDS;
  self->timer_id = g_timeout_add_seconds (self->cool_down, ask_again, self);
  self->cool_down = MIN (self->cool_down * 2, MAX_COOL_DOWN_SECONDS);
}

static void
ask (DmsRestoreCheck *self)
{
  g_autofree char *behaviour = g_strdup_printf ("/dms/orchestrator/%s/deployment/state", self->ensemble_id);
  g_autoptr (JsonNode) question = build_question (self);

  dms_actor_invoke_async (self->root,
                          self->orchestrator,
                          behaviour,
                          question,
                          dms_actor_expiry_in (self->ask_seconds),
                          self->cancellable,
                          answered,
                          g_object_ref (self));
}

/**
 * dms_restore_check_start:
 * @self: a check
 *
 * Asks until there is an answer, or three hours have passed.
 */
void
dms_restore_check_start (DmsRestoreCheck *self)
{
  g_return_if_fail (DMS_IS_RESTORE_CHECK (self));

  self->began_us = g_get_monotonic_time ();
  ask (self);
}
