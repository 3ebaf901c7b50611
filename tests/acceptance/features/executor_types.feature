# SPDX-FileCopyrightText: The DMS authors
# SPDX-License-Identifier: Apache-2.0
Feature: executor types
  The same job, run by each kind of executor.

  Background:
    Given these nodes:
      | name  | role         |
      | Alice | orchestrator |
      | Bob   | provider     |
    And they are members of the organisation "nunet"

  Scenario Outline: Run with <executor>
    Given jobs run in a <executor>
    And a job with these allocations:
      | node | name | runs                   |
      | here | main | echo "I am a $EXECUTOR" |
    And the job has the environment EXECUTOR=<executor>
    And the job waits to be let go
    When Alice deploys it
    Then the deployment becomes Running
    And the providers hold exactly what it asked for
    When the job is let go
    Then the deployment becomes Completed
    And the output of "here.main" is "I am a <executor>"
    And nothing of it is left

    Examples:
      | executor |
      | process  |

    @engine @quick
    Examples:
      | executor |
      | docker   |

    @pending @needs:executor-firecracker
    Examples:
      | executor    |
      | firecracker |

    @pending @needs:executor-containerd
    Examples:
      | executor   |
      | containerd |
