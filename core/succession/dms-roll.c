/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "succession/dms-roll.h"

#include "common/dms-json-object.h"

#include <string.h>

enum
{
  /* Hexadecimal SHA-256. */
  MAX_ID = 64,
};

struct _DmsRoll
{
  char *ensemble_id;
  guint64 number;
  GStrv orchestrators;
  char *witness;
  gint64 lease_ms;
  GStrv members;
};

G_DEFINE_BOXED_TYPE (DmsRoll, dms_roll, dms_roll_ref, dms_roll_unref)

DmsRoll *
dms_roll_new (const char *ensemble_id,
              guint64 number,
              const char *const *orchestrators,
              const char *witness,
              gint64 lease_ms)
{
  DmsRoll *self = g_atomic_rc_box_new0 (DmsRoll);
  g_autoptr (GStrvBuilder) members = g_strv_builder_new ();

  self->ensemble_id = g_strdup (ensemble_id);
  self->number = number;
  self->orchestrators = g_strdupv ((GStrv) orchestrators);
  self->witness = g_strdup (witness);
  self->lease_ms = CLAMP (lease_ms, DMS_ROLL_MIN_LEASE_MS, DMS_ROLL_MAX_LEASE_MS);
  g_strv_builder_addv (members, (const char **) self->orchestrators);
  if (witness != NULL)
    g_strv_builder_add (members, witness);
  self->members = g_strv_builder_end (members);
  return self;
}

static gboolean
is_member (const char *peer)
{
  g_autoptr (DmsPeerId) id = dms_peer_id_new (peer, NULL);
  guint8 key[32];

  return id != NULL && dms_peer_id_get_ed25519 (id, key) && strcmp (dms_peer_id_get_text (id), peer) == 0;
}

static gboolean
are_members (const char *const *peers)
{
  for (guint i = 0; peers[i] != NULL; i++)
    {
      if (!is_member (peers[i]) || g_strv_contains (&peers[i + 1], peers[i]))
        return FALSE;
    }
  return TRUE;
}

DmsRoll *
dms_roll_new_from_json (JsonNode *json, GError **error)
{
  JsonObject *object = dms_json_node_get_child (json);
  const char *ensemble_id = dms_json_object_get_text (object, "EnsembleID");
  const char *witness = dms_json_object_get_text (object, "Witness");
  gint64 number = dms_json_object_get_whole (object, "Number", 1, G_MAXINT32, 0);
  gint64 lease_ms =
      dms_json_object_get_whole (object, "LeaseMs", DMS_ROLL_MIN_LEASE_MS, DMS_ROLL_MAX_LEASE_MS, 0);
  g_auto (GStrv) orchestrators = dms_json_object_dup_texts (object, "Orchestrators");
  guint n = orchestrators == NULL ? 0 : g_strv_length (orchestrators);
  g_autoptr (DmsRoll) self = NULL;

  if (ensemble_id == NULL || *ensemble_id == '\0' || strlen (ensemble_id) > MAX_ID || number == 0 ||
      lease_ms == 0 || n == 0 || n >= DMS_ROLL_MAX_MEMBERS)
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "a roll must have EnsembleID, Number, LeaseMs and 1 to %d Orchestrators",
                   DMS_ROLL_MAX_MEMBERS - 1);
      return NULL;
    }
  self = dms_roll_new (ensemble_id, (guint64) number, (const char *const *) orchestrators, witness, lease_ms);
  if (!are_members ((const char *const *) self->members))
    {
      g_set_error (error,
                   DMS_ERROR,
                   DMS_ERROR_INVALID_DATA,
                   "the members of a roll must be Ed25519 peer IDs, each once");
      return NULL;
    }
  return g_steal_pointer (&self);
}

JsonNode *
dms_roll_to_json (DmsRoll *self)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);
  JsonObject *object = json_object_new ();
  JsonArray *orchestrators = json_array_new ();

  for (guint i = 0; self->orchestrators[i] != NULL; i++)
    json_array_add_string_element (orchestrators, self->orchestrators[i]);
  json_object_set_string_member (object, "EnsembleID", self->ensemble_id);
  json_object_set_int_member (object, "Number", (gint64) self->number);
  json_object_set_int_member (object, "LeaseMs", self->lease_ms);
  json_object_set_array_member (object, "Orchestrators", orchestrators);
  if (self->witness != NULL)
    json_object_set_string_member (object, "Witness", self->witness);
  json_node_take_object (node, object);
  return node;
}

DmsRoll *
dms_roll_dup_with_witness (DmsRoll *self, const char *witness)
{
  return dms_roll_new (self->ensemble_id,
                       self->number + 1,
                       (const char *const *) self->orchestrators,
                       witness,
                       self->lease_ms);
}

gboolean
dms_roll_may_follow (DmsRoll *self, DmsRoll *present)
{
  return present->witness == NULL && self->witness != NULL && self->number == present->number + 1 &&
         self->lease_ms == present->lease_ms && strcmp (self->ensemble_id, present->ensemble_id) == 0 &&
         g_strv_equal ((const char *const *) self->orchestrators,
                       (const char *const *) present->orchestrators);
}

const char *
dms_roll_get_ensemble_id (DmsRoll *self)
{
  return self->ensemble_id;
}

guint64
dms_roll_get_number (DmsRoll *self)
{
  return self->number;
}

const char *const *
dms_roll_get_orchestrators (DmsRoll *self)
{
  return (const char *const *) self->orchestrators;
}

const char *
dms_roll_get_witness (DmsRoll *self)
{
  return self->witness;
}

gint64
dms_roll_get_lease_ms (DmsRoll *self)
{
  return self->lease_ms;
}

const char *const *
dms_roll_get_members (DmsRoll *self)
{
  return (const char *const *) self->members;
}

gboolean
dms_roll_has_member (DmsRoll *self, const char *peer)
{
  return g_strv_contains ((const char *const *) self->members, peer);
}

int
dms_roll_get_rank (DmsRoll *self, const char *peer)
{
  for (int i = 0; self->orchestrators[i] != NULL; i++)
    {
      if (strcmp (self->orchestrators[i], peer) == 0)
        return i;
    }
  return -1;
}

guint
dms_roll_get_majority (DmsRoll *self)
{
  return g_strv_length (self->members) / 2 + 1;
}

DmsRoll *
dms_roll_ref (DmsRoll *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
roll_clear (gpointer data)
{
  DmsRoll *self = data;

  g_free (self->ensemble_id);
  g_strfreev (self->orchestrators);
  g_free (self->witness);
  g_strfreev (self->members);
}

void
dms_roll_unref (DmsRoll *self)
{
  g_atomic_rc_box_release_full (self, roll_clear);
}
