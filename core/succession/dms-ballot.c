/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-ballot.h"

#include "common/dms-json-object.h"

#include <time.h>

gint64
dms_ballot_now_us (void)
{
  struct timespec now;

  clock_gettime (CLOCK_BOOTTIME, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

DmsBallot *
dms_ballot_new (DmsRoll *roll, guint64 term, const char *leader)
{
  DmsBallot *self = g_new0 (DmsBallot, 1);

  self->roll = dms_roll_ref (roll);
  self->term = term;
  self->leader = g_strdup (leader);
  self->heard_us = dms_ballot_now_us ();
  return self;
}

DmsBallot *
dms_ballot_copy (DmsBallot *self)
{
  DmsBallot *copy = dms_ballot_new (self->roll, self->term, self->leader);

  copy->votes = self->votes == NULL ? NULL : json_array_ref (self->votes);
  copy->promised = self->promised;
  copy->promised_to = g_strdup (self->promised_to);
  copy->version = self->version;
  copy->state = g_strdup (self->state);
  copy->key = g_strdup (self->key);
  copy->is_founding = self->is_founding;
  copy->ended_us = self->ended_us;
  copy->heard_us = self->heard_us;
  return copy;
}

void
dms_ballot_free (DmsBallot *self)
{
  dms_roll_unref (self->roll);
  g_free (self->leader);
  g_clear_pointer (&self->votes, json_array_unref);
  g_free (self->promised_to);
  g_free (self->state);
  g_free (self->key);
  g_free (self);
}

static void
set_text (JsonObject *object, const char *name, const char *text)
{
  if (text != NULL)
    json_object_set_string_member (object, name, text);
}

JsonNode *
dms_ballot_to_json (DmsBallot *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "roll", dms_roll_to_json (self->roll));
  json_object_set_int_member (object, "term", (gint64) self->term);
  json_object_set_string_member (object, "leader", self->leader);
  if (self->votes != NULL)
    json_object_set_array_member (object, "votes", json_array_ref (self->votes));
  json_object_set_int_member (object, "promised", (gint64) self->promised);
  set_text (object, "promised_to", self->promised_to);
  json_object_set_int_member (object, "version", (gint64) self->version);
  set_text (object, "state", self->state);
  set_text (object, "key", self->key);
  json_object_set_boolean_member (object, "founding", self->is_founding);
  json_object_set_int_member (object, "ended_us", self->ended_us);
  json_node_take_object (node, object);
  return node;
}

DmsBallot *
dms_ballot_new_from_json (JsonNode *json, GError **error)
{
  JsonObject *object = dms_json_node_get_child (json);
  g_autoptr (GError) local = NULL;
  g_autoptr (DmsRoll) roll = dms_roll_new_from_json (dms_json_object_get_member (object, "roll"), &local);
  const char *leader = dms_json_object_get_text (object, "leader");
  gint64 term = dms_json_object_get_whole (object, "term", 1, G_MAXINT32, 0);
  JsonArray *votes = dms_json_object_get_list (object, "votes");
  DmsBallot *self;

  if (roll == NULL || leader == NULL || dms_roll_get_rank (roll, leader) < 0 || term == 0)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_CORRUPT,
                   "a record of a succession is damaged%s%s",
                   local != NULL ? ": " : "",
                   local != NULL ? local->message : "");
      return NULL;
    }
  self = dms_ballot_new (roll, (guint64) term, leader);
  self->votes = votes == NULL ? NULL : json_array_ref (votes);
  self->promised = (guint64) dms_json_object_get_whole (object, "promised", 0, G_MAXINT32, term);
  self->promised_to = g_strdup (dms_json_object_get_text (object, "promised_to"));
  self->version = (guint64) dms_json_object_get_whole (object, "version", 0, G_MAXINT64, 0);
  self->state = g_strdup (dms_json_object_get_text (object, "state"));
  self->key = g_strdup (dms_json_object_get_text (object, "key"));
  self->is_founding = dms_json_object_get_flag (object, "founding");
  self->ended_us = dms_json_object_get_whole (object, "ended_us", 0, G_MAXINT64, 0);
  return self;
}

gboolean
dms_ballot_is_bound (DmsBallot *self)
{
  return dms_ballot_now_us () - self->heard_us < dms_roll_get_lease_ms (self->roll) * 1000;
}
