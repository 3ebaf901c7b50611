/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-capability-context.h"

G_BEGIN_DECLS

/**
 * DmsCapabilitySuccession:
 * @old: the context of the key that goes
 * @old_key: its key
 * @new_key: the key that takes its place
 * @overlap_ns: how long the old key's rights and promises last in the hands of the new one; 0: not at all,
 *   as when somebody else may have the old key
 * @handed_over: set to how many rights are handed over
 * @lost: set to how many rights, given to the old key by others, may not be passed on
 * @renewed: set to how many promises of the old key are made anew
 *
 * The change from one key to another.
 */
typedef struct
{
  DmsCapabilityContext *old;
  DmsKey *old_key;
  DmsKey *new_key;
  guint64 overlap_ns;
  guint handed_over;
  guint lost;
  guint renewed;
} DmsCapabilitySuccession;

/* The context of the new key:
 * - the roots and revocations of the old one;
 * - what the old key let others do here, in tokens of the new key;
 * - for the overlap, whatever begins with the old key goes on to be taken here;
 * - for the overlap, the new key may do what the old one may: what others gave it (never longer than they
 *   did), and what it could do in its own right wherever it is trusted.
 * Nothing is widened, and nothing is left of the old key after the overlap. */
DmsCapabilityContext *dms_capability_succession_make (DmsCapabilitySuccession *self, GError **error);

G_END_DECLS
