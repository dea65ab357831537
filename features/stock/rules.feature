Feature: What may be sold of what is there
  A merchant keeps some back, sells some before they arrive, and hears when to order more.

  Scenario: The safety stock is never sold
    Given a product "shirt" at 19.90 EUR with stock 5
    And the safety stock of "shirt" is 2
    When ann puts 4 "shirt" into her cart
    Then ann is told out_of_stock with 3 available
    Given ann has 3 "shirt" in her cart
    When the merchant adjusts "shirt" by -1 because of "damage"
    And ann checks out
    Then ann is told out_of_stock with 2 available
    And the stock of "shirt" is 4 on hand, 0 reserved, 0 allocated, 2 available

  Scenario: Back orders, up to a limit
    Given a product "book" at 12.00 EUR with stock 1
    And 2 of "book" may be sold on back order
    And ann has 3 "book" in her cart
    When ann checks out
    Then ann's order is placed
    And the stock of "book" is 1 on hand, 0 reserved, 3 allocated, -2 available
    When bob puts 1 "book" into his cart
    Then bob is told out_of_stock with 0 available

  Scenario: A back order ships when units have come in
    Given a product "book" at 12.00 EUR with stock 0
    And 1 of "book" may be sold on back order
    And ann has 1 "book" in her cart
    When ann checks out
    And the merchant ships ann's order
    Then the merchant is told out_of_stock
    When the merchant adjusts "book" by 3 because of "delivery"
    And the merchant ships ann's order
    Then the stock of "book" is 2 on hand, 0 reserved, 0 allocated, 2 available

  Scenario: Running low
    Given a product "shirt" at 19.90 EUR with stock 5
    And "shirt" is to be reordered at 3
    Then "shirt" has not run low
    When ann puts 2 "shirt" into her cart
    And ann checks out
    Then "shirt" has run low

  Scenario: A limit on what a rule may say
    Given a product "shirt" at 19.90 EUR with stock 5
    When the merchant sets the safety stock of "shirt" to -1
    Then the merchant is told validation_failed
    And the stock of "shirt" is 5 on hand, 0 reserved, 0 allocated, 5 available
