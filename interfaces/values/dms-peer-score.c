/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "values/dms-peer-score.h"

#include "values/dms-peer-id.h"
#include "values/dms-value-private.h"

/**
 * DmsPeerScore:
 *
 * What publish/subscribe thinks of a peer (GossipSub v1.1, peer scoring). Immutable and counted.
 */
struct _DmsPeerScore
{
  DmsPeerId *id;
  double score;
  double app_specific;
  double ip_colocation;
  double behaviour_penalty;
};

G_DEFINE_BOXED_TYPE (DmsPeerScore, dms_peer_score, dms_peer_score_ref, dms_peer_score_unref)

static DmsPeerId *
dms_peer_score_read_id (DmsValueReader *reader)
{
  const char *text = dms_value_reader_get_text (reader, "id");

  if (text == NULL)
    {
      dms_value_reader_fail (reader, "id", "is missing");
      return NULL;
    }
  return dms_peer_id_new (text, &reader->error);
}

/**
 * dms_peer_score_new:
 * @id: the peer
 * @score: the score
 * @app_specific: what the program itself thinks of the peer
 * @ip_colocation: penalty for many peers behind one address
 * @behaviour_penalty: penalty for breaking the protocol
 *
 * Makes a score.
 *
 * Returns: (transfer full): the value
 */
DmsPeerScore *
dms_peer_score_new (DmsPeerId *id,
                    double score,
                    double app_specific,
                    double ip_colocation,
                    double behaviour_penalty)
{
  DmsPeerScore *self = g_atomic_rc_box_new0 (DmsPeerScore);

  self->id = dms_peer_id_ref (id);
  self->score = score;
  self->app_specific = app_specific;
  self->ip_colocation = ip_colocation;
  self->behaviour_penalty = behaviour_penalty;
  return self;
}

/**
 * dms_peer_score_get_id:
 * @self: a peer score
 *
 * Returns: (transfer none): the peer
 */
DmsPeerId *
dms_peer_score_get_id (DmsPeerScore *self)
{
  return self->id;
}

/**
 * dms_peer_score_get_score:
 * @self: a peer score
 *
 * Returns: the score
 */
double
dms_peer_score_get_score (DmsPeerScore *self)
{
  return self->score;
}

/**
 * dms_peer_score_get_app_specific:
 * @self: a peer score
 *
 * Returns: what the program itself thinks of the peer
 */
double
dms_peer_score_get_app_specific (DmsPeerScore *self)
{
  return self->app_specific;
}

/**
 * dms_peer_score_get_ip_colocation:
 * @self: a peer score
 *
 * Returns: penalty for many peers behind one address
 */
double
dms_peer_score_get_ip_colocation (DmsPeerScore *self)
{
  return self->ip_colocation;
}

/**
 * dms_peer_score_get_behaviour_penalty:
 * @self: a peer score
 *
 * Returns: penalty for breaking the protocol
 */
double
dms_peer_score_get_behaviour_penalty (DmsPeerScore *self)
{
  return self->behaviour_penalty;
}

/**
 * dms_peer_score_new_from_json:
 * @node: (nullable): members named after the getters
 * @error: return location for %DMS_ERROR_INVALID_DATA
 *
 * Returns: (transfer full) (nullable): the value
 */
DmsPeerScore *
dms_peer_score_new_from_json (JsonNode *node, GError **error)
{
  DmsValueReader reader;
  g_autoptr (DmsPeerScore) self = g_atomic_rc_box_new0 (DmsPeerScore);

  dms_value_reader_open (&reader, node, "peer score");
  self->id = dms_peer_score_read_id (&reader);
  self->score = dms_value_reader_get_signed (&reader, "score");
  self->app_specific = dms_value_reader_get_signed (&reader, "app_specific");
  self->ip_colocation = dms_value_reader_get_signed (&reader, "ip_colocation");
  self->behaviour_penalty = dms_value_reader_get_signed (&reader, "behaviour_penalty");
  if (!dms_value_reader_close (&reader, error))
    return NULL;
  return g_steal_pointer (&self);
}

/**
 * dms_peer_score_to_json:
 * @self: a peer score
 *
 * Returns: (transfer full): members named after the getters
 */
JsonNode *
dms_peer_score_to_json (DmsPeerScore *self)
{
  JsonObject *object = json_object_new ();

  json_object_set_member (object, "id", dms_peer_id_to_json (self->id));
  json_object_set_member (object, "score", dms_value_new_number_node (self->score));
  json_object_set_member (object, "app_specific", dms_value_new_number_node (self->app_specific));
  json_object_set_member (object, "ip_colocation", dms_value_new_number_node (self->ip_colocation));
  json_object_set_member (object, "behaviour_penalty", dms_value_new_number_node (self->behaviour_penalty));
  return dms_value_take_object (object);
}

/**
 * dms_peer_score_ref:
 * @self: a peer score
 *
 * Returns: (transfer full): @self
 */
DmsPeerScore *
dms_peer_score_ref (DmsPeerScore *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
dms_peer_score_clear (gpointer data)
{
  DmsPeerScore *self = data;

  g_clear_pointer (&self->id, dms_peer_id_unref);
}

/**
 * dms_peer_score_unref:
 * @self: (transfer full): a peer score
 *
 * Gives up a reference.
 */
void
dms_peer_score_unref (DmsPeerScore *self)
{
  g_atomic_rc_box_release_full (self, dms_peer_score_clear);
}

/**
 * dms_peer_score_equal:
 * @a: a peer score
 * @b: another
 *
 * Returns: whether both say the same
 */
gboolean
dms_peer_score_equal (DmsPeerScore *a, DmsPeerScore *b)
{
  return dms_peer_id_equal (a->id, b->id)
         && a->score == b->score
         && a->app_specific == b->app_specific
         && a->ip_colocation == b->ip_colocation
         && a->behaviour_penalty == b->behaviour_penalty;
}
