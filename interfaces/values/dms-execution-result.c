/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-execution-result.h"

#include "dms-enum-types.h"
#include "values/dms-usage.h"
#include "values/dms-value-private.h"

/**
 * DmsExecutionResult:
 *
 * How an execution ended. Immutable and counted.
 */
struct _DmsExecutionResult
{
  DmsEndReason reason;
  int exit_code;
  char *message;
  gint64 started_us;
  gint64 ended_us;
  DmsUsage *usage;
};

G_DEFINE_BOXED_TYPE (DmsExecutionResult,
                     dms_execution_result,
                     dms_execution_result_ref,
                     dms_execution_result_unref)

static DmsEndReason
dms_execution_result_read_reason (DmsValueReader *reader, const char *member)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (DMS_TYPE_END_REASON);
  const char *text = dms_value_reader_get_text (reader, member);
  GEnumValue *value = text != NULL ? g_enum_get_value_by_nick (klass, text) : NULL;

  if (value == NULL)
    dms_value_reader_fail (reader, member, "is not a known word");
  return value != NULL ? (DmsEndReason) value->value : 0;
}

static const char *
dms_execution_result_write_reason (DmsEndReason value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (DMS_TYPE_END_REASON);
  GEnumValue *found = g_enum_get_value (klass, (int) value);

  return found != NULL ? found->value_nick : klass->values[0].value_nick;
}

/**
 * dms_execution_result_new:
 * @reason: why it ended
 * @exit_code: 0 to 255; 128 + signal after a signal; -1 when the job never ran
 * @message: (nullable): for people: which limit, which script, which signal
 * @started_us: when it started, in microseconds since the epoch; 0 when unknown
 * @ended_us: when it ended, in microseconds since the epoch; 0 when unknown
 * @usage: (nullable): what it used
 *
 * Makes a result.
 *
 * Returns: (transfer full): the value
 */
DmsExecutionResult *
dms_execution_result_new (DmsEndReason reason,
                          int exit_code,
                          const char *message,
                          gint64 started_us,
                          gint64 ended_us,
                          DmsUsage *usage)
{
  DmsExecutionResult *self = g_atomic_rc_box_new0 (DmsExecutionResult);

  self->reason = reason;
  self->exit_code = exit_code;
  self->message = g_strdup (message != NULL && message[0] != '\0' ? message : NULL);
  self->started_us = started_us;
  self->ended_us = ended_us;
  self->usage = usage != NULL ? dms_usage_ref (usage) : NULL;
  return self;
}

/**
 * dms_execution_result_get_reason:
 * @self: an execution result
 *
 * Returns: why it ended
 */
DmsEndReason
dms_execution_result_get_reason (DmsExecutionResult *self)
{
  return self->reason;
}

/**
 * dms_execution_result_get_exit_code:
 * @self: an execution result
 *
 * Returns: 0 to 255; 128 + signal after a signal; -1 when the job never ran
 */
int
dms_execution_result_get_exit_code (DmsExecutionResult *self)
{
  return self->exit_code;
}

/**
 * dms_execution_result_get_message:
 * @self: an execution result
 *
 * Returns: (transfer none) (nullable): for people: which limit, which script, which signal
 */
const char *
dms_execution_result_get_message (DmsExecutionResult *self)
{
  return self->message;
}

/**
 * dms_execution_result_get_started_us:
 * @self: an execution result
 *
 * Returns: when it started, in microseconds since the epoch; 0 when unknown
 */
gint64
dms_execution_result_get_started_us (DmsExecutionResult *self)
{
  return self->started_us;
}

/**
 * dms_execution_result_get_ended_us:
 * @self: an execution result
 *
 * Returns: when it ended, in microseconds since the epoch; 0 when unknown
 */
gint64
dms_execution_result_get_ended_us (DmsExecutionResult *self)
{
  return self->ended_us;
}

/**
 * dms_execution_result_get_usage:
 * @self: an execution result
 *
 * Returns: (transfer none) (nullable): what it used
 */
DmsUsage *
dms_execution_result_get_usage (DmsExecutionResult *self)
{
  return self->usage;
}

/**
 * dms_execution_result_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsExecutionResult *
dms_execution_result_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsExecutionResult) self = g_atomic_rc_box_new0 (DmsExecutionResult);

  dms_value_reader_open (&reader, node, "execution result");
  self->reason = dms_execution_result_read_reason (&reader, "reason");
  self->exit_code = dms_value_reader_get_int (&reader, "exit_code", -1, G_MAXINT);
  self->message = g_strdup (dms_value_reader_get_text (&reader, "message"));
  self->started_us = dms_value_reader_get_int (&reader, "started_us", 0, G_MAXINT64);
  self->ended_us = dms_value_reader_get_int (&reader, "ended_us", 0, G_MAXINT64);
  if (dms_value_reader_get_member (&reader, "usage") != NULL)
    self->usage = dms_usage_new_from_json (dms_value_reader_get_member (&reader, "usage"), &reader.error);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_execution_result_to_json:
 * @self: an execution result
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_execution_result_to_json (DmsExecutionResult *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "reason", dms_execution_result_write_reason (self->reason));
  json_object_set_int_member (object, "exit_code", self->exit_code);
  dms_value_set_text (object, "message", self->message);
  json_object_set_int_member (object, "started_us", self->started_us);
  json_object_set_int_member (object, "ended_us", self->ended_us);
  if (self->usage != NULL)
    json_object_set_member (object, "usage", dms_usage_to_json (self->usage));
  return dms_value_take_object (object);
}

/**
 * dms_execution_result_ref:
 * @self: an execution result
 *
 * Returns: (transfer full): @self
 */
DmsExecutionResult *
dms_execution_result_ref (DmsExecutionResult *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_execution_result_clear (gpointer data)
{
  DmsExecutionResult *self = data;

  g_free (self->message);
  g_clear_pointer (&self->usage, dms_usage_unref);
}

/**
 * dms_execution_result_unref:
 * @self: (transfer full): an execution result
 *
 * Gives up a reference.
 */
void
dms_execution_result_unref (DmsExecutionResult *self)
{
  g_atomic_rc_box_release_full (self, dms_execution_result_clear);
}

/**
 * dms_execution_result_equal:
 * @a: an execution result
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_execution_result_equal (DmsExecutionResult *a, DmsExecutionResult *b)
{
  return a->reason == b->reason && a->exit_code == b->exit_code && g_strcmp0 (a->message, b->message) == 0 &&
         a->started_us == b->started_us && a->ended_us == b->ended_us &&
         (a->usage == b->usage ||
          (a->usage != NULL && b->usage != NULL && dms_usage_equal (a->usage, b->usage)));
}

/**
 * dms_execution_result_is_success:
 * @self: an execution result
 *
 * Returns: whether the job ended by itself with exit code 0
 */
gboolean
dms_execution_result_is_success (DmsExecutionResult *self)
{
  return self->reason == DMS_END_EXITED && self->exit_code == 0;
}
