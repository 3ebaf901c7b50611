/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-executor-probe.h"

#include "dms-enum-types.h"
#include "values/dms-value-private.h"

/**
 * DmsExecutorProbe:
 *
 * Whether an executor can run jobs on this machine, and what it can do. Immutable and counted.
 */
struct _DmsExecutorProbe
{
  gboolean available;
  char *reason;
  char *version;
  DmsExecutorFeatures features;
};

G_DEFINE_BOXED_TYPE (DmsExecutorProbe, dms_executor_probe, dms_executor_probe_ref, dms_executor_probe_unref)

static DmsExecutorFeatures
dms_executor_probe_read_features (DmsValueReader *reader)
{
  g_autoptr (GFlagsClass) klass = g_type_class_ref (DMS_TYPE_EXECUTOR_FEATURES);
  JsonArray *array = dms_value_reader_get_array (reader, "features");
  guint n = array != NULL ? json_array_get_length (array) : 0;
  guint features = 0;

  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      GFlagsValue *value = NULL;

      if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_STRING)
        {
          dms_value_reader_fail (reader, "features", "must be a list of texts");
          return DMS_EXECUTOR_FEATURE_NONE;
        }
      /* Features of later versions mean nothing here. */
      value = g_flags_get_value_by_nick (klass, json_node_get_string (node));
      if (value != NULL)
        features |= value->value;
    }
  return (DmsExecutorFeatures) features;
}

static JsonArray *
dms_executor_probe_write_features (DmsExecutorFeatures features)
{
  g_autoptr (GFlagsClass) klass = g_type_class_ref (DMS_TYPE_EXECUTOR_FEATURES);
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < klass->n_values; i++)
    if (klass->values[i].value != 0 && (features & klass->values[i].value) != 0)
      json_array_add_string_element (array, klass->values[i].value_nick);
  return array;
}

/**
 * dms_executor_probe_new:
 * @available: whether jobs can run
 * @reason: (nullable): why not and what to do about it, or a remark
 * @version: (nullable): version of the engine
 * @features: what it can do here
 *
 * Makes a probe.
 *
 * Returns: (transfer full): the value
 */
DmsExecutorProbe *
dms_executor_probe_new (gboolean available,
                        const char *reason,
                        const char *version,
                        DmsExecutorFeatures features)
{
  DmsExecutorProbe *self = g_atomic_rc_box_new0 (DmsExecutorProbe);

  self->available = available != FALSE;
  self->reason = g_strdup (reason != NULL && reason[0] != '\0' ? reason : NULL);
  self->version = g_strdup (version != NULL && version[0] != '\0' ? version : NULL);
  self->features = features;
  return self;
}

/**
 * dms_executor_probe_get_available:
 * @self: an executor probe
 *
 * Returns: whether jobs can run
 */
gboolean
dms_executor_probe_get_available (DmsExecutorProbe *self)
{
  return self->available;
}

/**
 * dms_executor_probe_get_reason:
 * @self: an executor probe
 *
 * Returns: (transfer none) (nullable): why not and what to do about it, or a remark
 */
const char *
dms_executor_probe_get_reason (DmsExecutorProbe *self)
{
  return self->reason;
}

/**
 * dms_executor_probe_get_version:
 * @self: an executor probe
 *
 * Returns: (transfer none) (nullable): version of the engine
 */
const char *
dms_executor_probe_get_version (DmsExecutorProbe *self)
{
  return self->version;
}

/**
 * dms_executor_probe_get_features:
 * @self: an executor probe
 *
 * Returns: what it can do here
 */
DmsExecutorFeatures
dms_executor_probe_get_features (DmsExecutorProbe *self)
{
  return self->features;
}

/**
 * dms_executor_probe_new_from_json:
 * @node: (nullable): `{available, reason, version, features: [nick, …]}`
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsExecutorProbe *
dms_executor_probe_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsExecutorProbe) self = g_atomic_rc_box_new0 (DmsExecutorProbe);

  dms_value_reader_open (&reader, node, "executor probe");
  self->available = dms_value_reader_get_boolean (&reader, "available");
  self->reason = g_strdup (dms_value_reader_get_text (&reader, "reason"));
  self->version = g_strdup (dms_value_reader_get_text (&reader, "version"));
  self->features = dms_executor_probe_read_features (&reader);
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_executor_probe_to_json:
 * @self: an executor probe
 *
 * Returns: (transfer full): `{available, reason, version, features: [nick, …]}`
 */
JsonNode *
dms_executor_probe_to_json (DmsExecutorProbe *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_boolean_member (object, "available", self->available);
  dms_value_set_text (object, "reason", self->reason);
  dms_value_set_text (object, "version", self->version);
  json_object_set_array_member (object, "features", dms_executor_probe_write_features (self->features));
  return dms_value_take_object (object);
}

/**
 * dms_executor_probe_ref:
 * @self: an executor probe
 *
 * Returns: (transfer full): @self
 */
DmsExecutorProbe *
dms_executor_probe_ref (DmsExecutorProbe *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_executor_probe_clear (gpointer data)
{
  DmsExecutorProbe *self = data;

  g_free (self->reason);
  g_free (self->version);
}

/**
 * dms_executor_probe_unref:
 * @self: (transfer full): an executor probe
 *
 * Gives up a reference.
 */
void
dms_executor_probe_unref (DmsExecutorProbe *self)
{
  g_atomic_rc_box_release_full (self, dms_executor_probe_clear);
}

/**
 * dms_executor_probe_equal:
 * @a: an executor probe
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_executor_probe_equal (DmsExecutorProbe *a, DmsExecutorProbe *b)
{
  return a->available == b->available
         && g_strcmp0 (a->reason, b->reason) == 0
         && g_strcmp0 (a->version, b->version) == 0
         && a->features == b->features;
}
