/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_actor = {
  .path = "actor",
  .summary = N_ ("speak to this node and to others"),
  .description = N_ ("Everything that nodes do, they do by sending each other signed messages. The commands "
                     "here make and send them; \"actor cmd\" is the one for people."),
  .examples = "  # is the node of this machine there?\n"
              "  nunet actor cmd /dms/node/peers/self\n",
};
