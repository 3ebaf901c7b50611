/* SPDX-FileCopyrightText: The DMS authors
 * SPDX-License-Identifier: Apache-2.0 */

#include "cli/dms-cli-message-flags.h"
#include "cli/dms-cli-verbs.h"

const DmsCliVerb dms_verb_actor_cmd = {
  .path = "actor cmd",
  .summary = N_ ("ask a node to do something"),
  .description = N_ ("Sends one behaviour to a node and prints its reply. The reply is JSON, whatever it "
                     "says: the exit status is 0 "
                     "as soon as there is one.\n\n"
                     "The message is signed with the key of --context and carries its capabilities. A node "
                     "that "
                     "accepts neither says nothing at all, so that the call ends with a timeout."),
  .examples = "  nunet actor cmd /dms/node/peers/self\n"
              "  # the same of another node, which must allow it\n"
              "  nunet actor cmd /dms/node/peers/self --dest did:key:z6Mk… --timeout 10s\n"
              "  # why is there no answer?\n"
              "  nunet cap explain -c dms --from user --cap /dms/node/peers/self\n",
  .persistent_flags = dms_cli_message_flags,
};
