/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#pragma once

#include "capability/dms-explanation.h"
#include "cli/dms-cli-call.h"

G_BEGIN_DECLS

/**
 * DmsCliQuestion:
 * @tokens: (nullable): what is presented
 * @sender: (nullable): the DID that the message names
 * @subject: who asks
 * @audience: (nullable): the actor that is asked, the node itself if %NULL
 * @capability: what for
 * @topic: (nullable): of a broadcast
 * @time_ns: when, or 0 for now
 * @flags: whether the subject may sign what it could
 * @forged: whether the message is not signed by whom it names
 * @expired_ns: when the message expired, or 0
 *
 * What the flags of `cap explain` ask.
 */
typedef struct {
  DmsTokenList *tokens;
  DmsDid *sender;
  DmsDid *subject;
  DmsDid *audience;
  char *capability;
  char *topic;
  guint64 time_ns;
  DmsExplainFlags flags;
  gboolean forged;
  guint64 expired_ns;
} DmsCliQuestion;

gboolean dms_cli_question_read (DmsCliCall *call, DmsCliQuestion *question, GError **error);
void dms_cli_question_clear (DmsCliQuestion *question);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (DmsCliQuestion, dms_cli_question_clear)

G_END_DECLS
