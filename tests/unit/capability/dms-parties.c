/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "dms-parties.h"

static void
party_init (DmsParty *self, guint8 number)
{
  guint8 seed[32] = { number };

  self->key = dms_key_new_from_seed (seed);
  self->did = dms_key_dup_did (self->key);
  self->context = dms_capability_context_new (self->did, self->key);
  self->actor = dms_key_derive (self->key, "actor");
  self->actor_id = dms_key_dup_id_pub (self->actor);
}

static void
party_clear (DmsParty *self)
{
  dms_key_unref (self->key);
  dms_did_unref (self->did);
  g_object_unref (self->context);
  dms_key_unref (self->actor);
  g_free (self->actor_id);
}

void
dms_parties_set_up (DmsParties *f, gconstpointer data)
{
  party_init (&f->org, 1);
  party_init (&f->user, 2);
  party_init (&f->node, 3);
  party_init (&f->mallory, 4);
}

void
dms_parties_tear_down (DmsParties *f, gconstpointer data)
{
  party_clear (&f->org);
  party_clear (&f->user);
  party_clear (&f->node);
  party_clear (&f->mallory);
}

guint64
dms_parties_get_now (void)
{
  return (guint64) g_get_real_time () * 1000;
}

DmsTokenList *
dms_party_grant (DmsParty *from,
                 DmsParty *to,
                 const char *const *topics,
                 const char *const *caps,
                 guint64 expiry,
                 guint64 depth)
{
  g_autoptr (GError) error = NULL;
  DmsTokenList *list =
      dms_capability_context_grant (from->context, to->did, NULL, topics, caps, expiry, depth, &error);

  g_assert_no_error (error);
  return list;
}

void
dms_party_anchor_require (DmsParty *party, DmsTokenList *tokens)
{
  g_autoptr (GError) error = NULL;

  dms_capability_context_anchor_require (party->context, tokens, &error);
  g_assert_no_error (error);
}

void
dms_party_anchor_provide (DmsParty *party, DmsTokenList *tokens)
{
  g_autoptr (GError) error = NULL;

  dms_capability_context_anchor_provide (party->context, tokens, &error);
  g_assert_no_error (error);
}

gboolean
dms_party_accepts (DmsParty *from, DmsParty *to, GBytes *tokens, const char *cap)
{
  g_autoptr (GError) error = NULL;
  guint64 interaction = dms_capability_context_consume (to->context, from->did, tokens, &error);
  gboolean good;

  g_assert_no_error (error);
  g_assert_cmpuint (interaction, !=, 0);
  good = dms_capability_context_require (to->context, interaction, from->actor_id, to->actor_id, cap, &error);
  if (good)
    g_assert_no_error (error);
  else
    g_assert_error (error, DMS_ERROR, DMS_ERROR_NOT_AUTHORIZED);
  dms_capability_context_discard (to->context, interaction);
  return good;
}

void
dms_parties_set_up_organisation (DmsParties *f)
{
  g_autoptr (DmsTokenList) required = dms_party_grant (
      &f->node, &f->org, CAPS ("/nunet"), CAPS ("/dms/deployment", "/broadcast", "/public"), FAR, 0);
  g_autoptr (DmsTokenList) provided = dms_party_grant (
      &f->org, &f->user, CAPS ("/nunet"), CAPS ("/dms/deployment", "/broadcast", "/public"), FAR, 0);

  dms_party_anchor_require (&f->node, required);
  dms_party_anchor_provide (&f->user, provided);
}
