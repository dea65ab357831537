@buying
Feature: Clicking twice
  One cart becomes one order, however often the button is pressed.

  Background:
    Given a product "shirt" at 19.90 EUR with stock 5
    And ann has 1 "shirt" in her cart

  Scenario: The same click again
    When ann checks out with the key "k1"
    And ann checks out with the key "k1"
    Then both answers are the same order, the second one a replay
    And ann was charged once

  Scenario: Two clicks at once
    When ann checks out twice at once with the same key
    Then ann has 1 order
    And ann was charged once

  Scenario: Two tabs at once
    When ann checks out twice at once with different keys
    Then one is placed and the other is told cart_locked or cart_closed
    And ann has 1 order
    And ann was charged once

  Scenario: Another tab, later
    When ann checks out with the key "k1"
    And ann checks out with the key "k2"
    Then ann is told cart_closed
    And ann has 1 order

  Scenario: The same key for something else
    Given ann checks out with the key "k1"
    When ann checks out with the key "k1" and another card
    Then ann is told idempotency_key_reused

  Scenario: No key
    When ann checks out without a key
    Then ann is told idempotency_key_required
    And ann's cart is open

  Scenario: A declined card, and the same click again
    When ann checks out with the key "k1" and a card that is declined
    And ann checks out with the key "k1" and a card that is declined
    Then ann is told payment_declined
    When ann checks out with the key "k2"
    Then ann's order is placed

  Scenario: The server is killed in the middle
    When ann checks out with the key "k1" and the server is killed before it answers
    And the server is started again
    And ann checks out with the key "k1"
    Then ann has 1 order
    And ann was charged once
