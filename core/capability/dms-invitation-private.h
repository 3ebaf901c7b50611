/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-invitation.h"

G_BEGIN_DECLS

struct _DmsInvitation
{
  DmsDid *organisation;
  char *name;
  /* (element-type DmsDid) */
  GPtrArray *joiners;
  guint64 until_ns;
  guint64 accept_ns;
  DmsTokenList *tokens;
  char **ask_capabilities;
  char **ask_topics;
  GBytes *nonce;
  /* Of an open invitation that gives something; NULL otherwise. */
  DmsKey *key;
  GBytes *signature;
};

/* (nullable): what is wrong with its form. */
const char *dms_invitation_find_fault (DmsInvitation *self);

G_END_DECLS
