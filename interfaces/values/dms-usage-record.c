/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-usage-record.h"

#include "values/dms-resources.h"
#include "values/dms-value-private.h"

/**
 * DmsUsageRecord:
 *
 * An allocation that ran, or runs, under a contract. Immutable and counted.
 */
struct _DmsUsageRecord
{
  char *deployment_id;
  char *allocation_id;
  DmsResources *resources;
  gint64 start_us;
  gint64 end_us;
};

G_DEFINE_BOXED_TYPE (DmsUsageRecord, dms_usage_record, dms_usage_record_ref, dms_usage_record_unref)

/**
 * dms_usage_record_new:
 * @deployment_id: the deployment
 * @allocation_id: the allocation
 * @resources: (nullable): what was held
 * @start_us: when it started, in microseconds since the epoch
 * @end_us: when it ended, in microseconds since the epoch; 0 while it runs
 *
 * Makes a record.
 *
 * Returns: (transfer full): the value
 */
DmsUsageRecord *
dms_usage_record_new (const char *deployment_id,
                      const char *allocation_id,
                      DmsResources *resources,
                      gint64 start_us,
                      gint64 end_us)
{
  DmsUsageRecord *self = g_atomic_rc_box_new0 (DmsUsageRecord);

  self->deployment_id = g_strdup (deployment_id != NULL && deployment_id[0] != '\0' ? deployment_id : NULL);
  self->allocation_id = g_strdup (allocation_id != NULL && allocation_id[0] != '\0' ? allocation_id : NULL);
  self->resources = resources != NULL ? dms_resources_ref (resources) : NULL;
  self->start_us = start_us;
  self->end_us = end_us;
  return self;
}

/**
 * dms_usage_record_get_deployment_id:
 * @self: a usage record
 *
 * Returns: (transfer none): the deployment
 */
const char *
dms_usage_record_get_deployment_id (DmsUsageRecord *self)
{
  return self->deployment_id;
}

/**
 * dms_usage_record_get_allocation_id:
 * @self: a usage record
 *
 * Returns: (transfer none): the allocation
 */
const char *
dms_usage_record_get_allocation_id (DmsUsageRecord *self)
{
  return self->allocation_id;
}

/**
 * dms_usage_record_get_resources:
 * @self: a usage record
 *
 * Returns: (transfer none) (nullable): what was held
 */
DmsResources *
dms_usage_record_get_resources (DmsUsageRecord *self)
{
  return self->resources;
}

/**
 * dms_usage_record_get_start_us:
 * @self: a usage record
 *
 * Returns: when it started, in microseconds since the epoch
 */
gint64
dms_usage_record_get_start_us (DmsUsageRecord *self)
{
  return self->start_us;
}

/**
 * dms_usage_record_get_end_us:
 * @self: a usage record
 *
 * Returns: when it ended, in microseconds since the epoch; 0 while it runs
 */
gint64
dms_usage_record_get_end_us (DmsUsageRecord *self)
{
  return self->end_us;
}

/**
 * dms_usage_record_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsUsageRecord *
dms_usage_record_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsUsageRecord) self = g_atomic_rc_box_new0 (DmsUsageRecord);

  dms_value_reader_open (&reader, node, "usage record");
  self->deployment_id = g_strdup (dms_value_reader_get_text (&reader, "deployment_id"));
  self->allocation_id = g_strdup (dms_value_reader_get_text (&reader, "allocation_id"));
  if (dms_value_reader_get_member (&reader, "resources") != NULL)
    self->resources =
        dms_resources_new_from_json (dms_value_reader_get_member (&reader, "resources"), &reader.error);
  self->start_us = dms_value_reader_get_int (&reader, "start_us", 0, G_MAXINT64);
  self->end_us = dms_value_reader_get_int (&reader, "end_us", 0, G_MAXINT64);
  if (self->deployment_id == NULL)
    dms_value_reader_fail (&reader, "deployment_id", "is missing");
  if (self->allocation_id == NULL)
    dms_value_reader_fail (&reader, "allocation_id", "is missing");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_usage_record_to_json:
 * @self: a usage record
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_usage_record_to_json (DmsUsageRecord *self)
{
  JsonObject *object = json_object_new ();

  dms_value_set_text (object, "deployment_id", self->deployment_id);
  dms_value_set_text (object, "allocation_id", self->allocation_id);
  if (self->resources != NULL)
    json_object_set_member (object, "resources", dms_resources_to_json (self->resources));
  json_object_set_int_member (object, "start_us", self->start_us);
  json_object_set_int_member (object, "end_us", self->end_us);
  return dms_value_take_object (object);
}

/**
 * dms_usage_record_ref:
 * @self: a usage record
 *
 * Returns: (transfer full): @self
 */
DmsUsageRecord *
dms_usage_record_ref (DmsUsageRecord *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_usage_record_clear (gpointer data)
{
  DmsUsageRecord *self = data;

  g_free (self->deployment_id);
  g_free (self->allocation_id);
  g_clear_pointer (&self->resources, dms_resources_unref);
}

/**
 * dms_usage_record_unref:
 * @self: (transfer full): a usage record
 *
 * Gives up a reference.
 */
void
dms_usage_record_unref (DmsUsageRecord *self)
{
  g_atomic_rc_box_release_full (self, dms_usage_record_clear);
}

/**
 * dms_usage_record_equal:
 * @a: a usage record
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_usage_record_equal (DmsUsageRecord *a, DmsUsageRecord *b)
{
  return g_strcmp0 (a->deployment_id, b->deployment_id) == 0 &&
         g_strcmp0 (a->allocation_id, b->allocation_id) == 0 &&
         (a->resources == b->resources || (a->resources != NULL && b->resources != NULL &&
                                           dms_resources_equal (a->resources, b->resources))) &&
         a->start_us == b->start_us && a->end_us == b->end_us;
}
