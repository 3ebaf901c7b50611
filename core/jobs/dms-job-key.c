/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "jobs/dms-job-key.h"

#include "jobs/dms-job-json.h"

struct _DmsJobKey
{
  char *type;
  char *content;
  char *destination;
};

G_DEFINE_BOXED_TYPE (DmsJobKey, dms_job_key, dms_job_key_ref, dms_job_key_unref)

DmsJobKey *
dms_job_key_new (const char *type, const char *content, const char *destination)
{
  DmsJobKey *self = g_atomic_rc_box_new0 (DmsJobKey);

  self->type = g_strdup (type);
  self->content = g_strdup (content);
  self->destination = g_strdup (destination);
  return self;
}

const char *
dms_job_key_get_type_name (DmsJobKey *self)
{
  return self->type;
}

const char *
dms_job_key_get_content (DmsJobKey *self)
{
  return self->content;
}

const char *
dms_job_key_get_destination (DmsJobKey *self)
{
  return self->destination;
}

JsonNode *
dms_job_key_to_json (DmsJobKey *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "type", self->type);
  json_object_set_string_member (object, "file", self->content);
  dms_job_json_set_text (object, "dest", self->destination);
  return dms_job_json_take_object (object);
}

DmsJobKey *
dms_job_key_ref (DmsJobKey *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
job_key_clear (gpointer data)
{
  DmsJobKey *self = data;

  g_free (self->type);
  g_free (self->content);
  g_free (self->destination);
}

void
dms_job_key_unref (DmsJobKey *self)
{
  g_atomic_rc_box_release_full (self, job_key_clear);
}
